//! Every size, count and time limit of the library, with its unit in its name.
//!
//! A limit turns outside input that has gone wrong into a clear error instead of a full memory or an endless wait.

use std::time::Duration;

/// Largest certificate file that is read.
pub const CERTIFICATE_FILE_BYTES_MAX: usize = 16 << 20;
/// Most certificates taken from one file or one list of sources.
pub const CERTIFICATES_PER_FILE_MAX: usize = 10_000;
/// Largest single certificate, DER.
pub const CERTIFICATE_DER_BYTES_MAX: usize = 1 << 20;
/// Most extensions of one certificate.
pub const CERTIFICATE_EXTENSIONS_MAX: usize = 64;
/// Most issuing authorities of one development PKI.
pub const DEVELOPMENT_SUB_CAS_MAX: usize = 100;
/// Most thumbprints in one sub-CA list.
pub const SUB_CA_THUMBPRINTS_MAX: usize = 1_000;

/// Most attempts at a change of a list that others keep changing.
pub const CONFLICT_ATTEMPTS_MAX: u32 = 20;
/// Pause before the second attempt; it grows with each further one.
pub const CONFLICT_PAUSE: Duration = Duration::from_millis(5);

/// Longest WQL text.
pub const WQL_TEXT_BYTES_MAX: usize = 256 << 10;
/// Deepest nesting of parentheses and NOT in WQL and in `$filter`.
pub const EXPRESSION_DEPTH_MAX: usize = 100;
/// Most comparisons in one WQL text; more is `WBEM_E_QUOTA_VIOLATION` on a real provider.
pub const EXPRESSION_TERMS_MAX: usize = 5_000;
/// Longest object path.
pub const OBJECT_PATH_BYTES_MAX: usize = 64 << 10;
/// Longest class or property name.
pub const IDENTIFIER_BYTES_MAX: usize = 255;
/// Most properties of one class.
pub const PROPERTIES_PER_CLASS_MAX: usize = 1_000;
/// Deepest nesting of embedded objects.
pub const EMBEDDED_OBJECT_DEPTH_MAX: usize = 32;

/// Longest wait for another process that holds the site file.
pub const SITE_FILE_BUSY_WAIT: Duration = Duration::from_secs(10);
/// Most queries of one site whose rows may be unread at a time; as many other calls may run beside them.
pub const OPEN_QUERIES_MAX: usize = 16;
/// Longest wait of a query for others to be read to their end.
pub const OPEN_QUERY_WAIT: Duration = Duration::from_secs(1);
/// Instances that a transport hands over in one batch.
pub const ROWS_PER_BATCH: usize = 256;

/// Longest wait for one answer, unless the caller says otherwise.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// What an error of kind `unavailable` advises to wait before the next try, where nobody knows better.
pub const RETRY_PAUSE: Duration = Duration::from_secs(1);
/// Longest wait for a TCP connection and its TLS handshake.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// Largest answer body of an AdminService that is read.
pub const RESPONSE_BODY_BYTES_MAX: usize = 64 << 20;
/// Most pages of one query that are followed.
pub const PAGES_MAX: usize = 100_000;
/// Most pages without a row that are followed one after the other.
pub const EMPTY_PAGES_MAX: usize = 100;
/// Connections to one host that are kept open for the next request.
pub const HTTP_IDLE_CONNECTIONS_MAX: usize = 8;
/// Longest address of a request; the HTTP library cannot hold a longer one.
pub const URL_BYTES_MAX: usize = 60 << 10;
/// Characters of an answer that is not understood that an error shows.
pub const ANSWER_EXCERPT_CHARS_MAX: usize = 200;
/// Most classes that are taken from `$metadata`; a real site has some hundreds.
pub const METADATA_CLASSES_MAX: usize = 20_000;
/// Shortest time between two fetches of `$metadata` for a class that it does not tell.
pub const METADATA_REFETCH_PAUSE: Duration = Duration::from_secs(60);
/// Classes that are remembered as not told by `$metadata`.
pub const METADATA_MISSED_MAX: usize = 1_000;
/// Deepest inheritance of classes in `$metadata`.
pub const CLASS_INHERITANCE_MAX: usize = 32;

/// Most connections that the AdminService server holds at a time.
pub const SERVER_CONNECTIONS_MAX: usize = 256;
/// Largest request body that the AdminService server takes.
pub const REQUEST_BODY_BYTES_MAX: usize = 8 << 20;
/// How much of a refused request's body the AdminService server reads on, so that its answer arrives.
pub const REQUEST_BODY_DISCARD_BYTES_MAX: usize = 32 << 20;
/// Longest wait of the AdminService server for a TLS handshake.
pub const SERVER_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait of the AdminService server for request headers, and for a request body.
pub const SERVER_REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a connection to the AdminService server may be silent, or leave an answer unread.
pub const SERVER_IDLE_TIMEOUT: Duration = Duration::from_secs(120);
/// Largest head of a request that the AdminService server takes.
pub const SERVER_HEADER_BYTES_MAX: usize = 128 << 10;
/// Most requests at a time on one HTTP/2 connection to the AdminService server.
pub const SERVER_STREAMS_PER_CONNECTION_MAX: u32 = 32;
/// Pause after a connection could not be accepted.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
/// Instances in one page of an answer of the AdminService server.
pub const SERVER_PAGE_ROWS: usize = 1_000;
/// Longest wait for open requests when a server or the runtime stops.
pub const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);
