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
/// Largest certificate request, DER.
pub const REQUEST_DER_BYTES_MAX: usize = 1 << 20;
/// Largest file with a certificate request: PEM and UTF-16 make it larger.
pub const REQUEST_FILE_BYTES_MAX: usize = 4 << 20;
/// Most attributes of one certificate request.
pub const REQUEST_ATTRIBUTES_MAX: usize = 64;
/// Longest distinguished name as text.
pub const DISTINGUISHED_NAME_BYTES_MAX: usize = 8 << 10;
/// Most certificates in one path, leaf and anchor included; real ones have two to five.
pub const PATH_CERTIFICATES_MAX: usize = 20;
/// Most candidate issuers that one search for a path looks at.
pub const PATH_STEPS_MAX: usize = 4_000;
/// Most complete paths that one search validates before it gives up.
pub const PATHS_VALIDATED_MAX: usize = 100;
/// Most signatures that are checked to verify one certificate, those of revocation lists included.
pub const SIGNATURES_PER_VERIFY_MAX: usize = 200;
/// Most comparisons of names with name constraints of their kind to verify one certificate: a thousand with a thousand.
pub const NAME_CONSTRAINT_COMPARISONS_MAX: usize = 1 << 20;
/// Most policies, and most policy mappings, of one certificate.
pub const POLICIES_PER_CERTIFICATE_MAX: usize = 1_000;
/// Most distribution points of one certificate.
pub const DISTRIBUTION_POINTS_MAX: usize = 64;
/// Most revocation lists that are tried to learn the status of the certificates of one path.
pub const REVOCATION_STEPS_MAX: usize = 10_000;
/// How long a revocation list counts that does not say when the next one comes, where the profile takes one at all.
pub const LIST_WITHOUT_NEXT_UPDATE_MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How deep the signers of revocation lists are looked up for one another.
pub const REVOCATION_SIGNER_DEPTH_MAX: usize = 3;
/// Largest RSA key whose signatures are checked, in bits: the largest that the provider takes.
pub const RSA_KEY_BITS_MAX: u32 = 8_192;
/// Largest exponent of such a key, in bits, as the provider has it: a larger one only costs time.
pub const RSA_EXPONENT_BITS_MAX: u32 = 33;
/// Most chains of TLS peers that are remembered as accepted, for one side and one version of its trust.
pub const VERDICTS_REMEMBERED_MAX: usize = 20_000;
/// Most signatures of revocation lists that one verifier remembers as good.
pub const LIST_SIGNATURES_REMEMBERED_MAX: usize = 4_096;
/// Largest certificate revocation list, DER.
pub const REVOCATION_LIST_BYTES_MAX: usize = 128 << 20;
/// Most entries of one certificate revocation list.
pub const REVOCATION_ENTRIES_MAX: usize = 4_000_000;
/// Most certificate revocation lists of one file.
pub const REVOCATION_LISTS_PER_FILE_MAX: usize = 1_000;
/// Longest host name, as DNS has it.
pub const HOST_NAME_BYTES_MAX: usize = 253;
/// Largest PFX, P7B and private key file that is read.
pub const KEY_FILE_BYTES_MAX: usize = 16 << 20;
/// Deepest nesting of elements in a BER file.
pub const BER_DEPTH_MAX: usize = 32;
/// Most elements of a file that is BER and not DER.
pub const BER_ELEMENTS_MAX: usize = 500_000;
/// Deepest nesting of bags in a PFX file.
pub const PFX_BAG_DEPTH_MAX: usize = 8;
/// Most bags (certificates, keys and others) in one PFX file.
pub const PFX_BAGS_MAX: usize = 10_000;
/// Most rounds of one key derivation from a password; real files have 1 to some 600,000.
pub const KDF_ITERATIONS_MAX: u32 = 10_000_000;
/// Most rounds of all key derivations of one call: a file may have many parts, each with its own.
pub const KDF_ITERATIONS_PER_FILE_MAX: u64 = 50_000_000;
/// Most memory of one scrypt key derivation; OpenSSL allows half of it.
pub const SCRYPT_BYTES_MAX: usize = 64 << 20;
/// Longest salt of a key derivation.
pub const KDF_SALT_BYTES_MAX: usize = 64 << 10;
/// Longest password of a PFX or a private key.
pub const PASSWORD_BYTES_MAX: usize = 16 << 10;
/// Largest RSA modulus of a private key, in bits.
pub const RSA_PRIVATE_KEY_BITS_MAX: u32 = 16_384;
/// Rounds of each key derivation in a PFX that we write for Windows Server 2016.
pub const PFX_WINDOWS_2016_ITERATIONS: u32 = 10_000;
/// Rounds of each key derivation in a modern PFX that we write.
pub const PFX_MODERN_ITERATIONS: u32 = 100_000;
/// Most issuing authorities of one development PKI.
pub const DEVELOPMENT_SUB_CAS_MAX: usize = 100;
/// Most thumbprints in one sub-CA list.
pub const SUB_CA_THUMBPRINTS_MAX: usize = 1_000;

/// Longest wait of one step of the analyzer: a connection, a handshake, an answer, where the caller says nothing.
pub const ANALYZER_STEP_TIMEOUT: Duration = Duration::from_secs(5);
/// Steps after which a check of the analyzer is given up, in longest steps.
pub const ANALYZER_CHECK_STEPS: u32 = 10;
/// What the analyzer asks at the same time.
pub const ANALYZER_AT_ONCE: usize = 32;
/// Most addresses, instances or roles that the analyzer looks at.
pub const ANALYZER_TARGETS_MAX: usize = 64;
/// Largest answer that the analyzer reads; of a longer one it takes the beginning.
pub const ANALYZER_ANSWER_BYTES_MAX: usize = 64 << 10;
/// Most certificates of the analyzer's input: those to look through for a missing one.
pub const ANALYZER_CERTIFICATES_MAX: usize = 1_000;
/// Most samples of traffic of one gateway in 14 days: 16 instances every six minutes, and some more.
pub const TRAFFIC_SAMPLES_MAX: usize = 60_000;
/// Largest answer of a receiver of notices that is read.
pub const WEBHOOK_ANSWER_BYTES_MAX: usize = 64 << 10;
/// Largest answer of a mail server before TLS.
pub const SMTP_ANSWER_BYTES_MAX: usize = 16 << 10;
/// Most that a mail server says in one session.
pub const SMTP_SESSION_BYTES_MAX: usize = 1 << 20;
/// Most recipients of one mail with notices.
pub const MAIL_RECIPIENTS_MAX: usize = 100;
/// Most conditions that are told about at a time; a connection point leaves out the least of more.
pub const CONDITIONS_MAX: usize = 1_000;
/// How far a clock may be off before sign-in by certificates and tokens goes wrong.
pub const CLOCK_SKEW_MAX: Duration = Duration::from_secs(5 * 60);
/// How far a clock may be off without a word about it.
pub const CLOCK_SKEW_NOTICED: Duration = Duration::from_secs(30);

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
/// Deepest nesting of subselects in WQL.
pub const SUBSELECT_DEPTH_MAX: usize = 16;
/// Most classes that one SELECT joins; SQLite can join no more than 64 tables.
pub const JOINED_CLASSES_MAX: usize = 32;
/// Longest time after WITHIN, in seconds; WMI counts it in milliseconds of 32 bits.
pub const EVENT_SECONDS_MAX: f64 = 4_294_967.0;
/// Most instances of a class that an event query watches; it holds them in memory.
pub const WATCHED_INSTANCES_MAX: usize = 100_000;

/// Most objects that an association query finds; they are held until they are read.
pub const ASSOCIATED_OBJECTS_MAX: usize = 100_000;
/// Longest wait of a connection with the flag 128 (`wbemConnectFlagUseMaxWait`), in seconds.
pub const CONNECT_MAX_WAIT: u64 = 120;
/// Most instances of one class that a comparison of two sites holds; it has those of one site in memory.
pub const COMPARED_INSTANCES_MAX: usize = 500_000;
/// Most differences that a comparison of two sites tells.
pub const DIFFERENCES_MAX: usize = 100_000;
/// Longest object path.
pub const OBJECT_PATH_BYTES_MAX: usize = 64 << 10;
/// Longest class or property name.
pub const IDENTIFIER_BYTES_MAX: usize = 255;
/// Most properties of one class.
pub const PROPERTIES_PER_CLASS_MAX: usize = 1_000;
/// Most methods of one class.
pub const METHODS_PER_CLASS_MAX: usize = 500;
/// Most qualifiers of one class, property or method.
pub const QUALIFIERS_MAX: usize = 200;
/// Longest MOF text.
pub const MOF_TEXT_BYTES_MAX: usize = 64 << 20;
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
/// Longest wait for one answer of a name server, unless the caller says otherwise.
pub const DNS_TIMEOUT: Duration = Duration::from_secs(5);
/// Most CNAME records that are followed one after the other.
pub const CNAME_STEPS_MAX: usize = 8;
/// Most certificates that one call fetches from where certificates say that their issuers are.
pub const ISSUER_DOWNLOADS_MAX: usize = 10;
/// Largest file that is fetched there.
pub const ISSUER_DOWNLOAD_BYTES_MAX: usize = 1 << 20;
/// Longest time for all of them together, unless the caller says otherwise.
pub const ISSUER_DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Largest answer body of an AdminService that is read.
pub const RESPONSE_BODY_BYTES_MAX: usize = 64 << 20;
/// Largest envelope that a WS-Management service is asked to send; what Windows' own clients say.
pub const WSMAN_ENVELOPE_BYTES_MAX: usize = 512_000;
/// Largest answer of a WS-Management service that is read; sealing and services that do not keep to the above need more.
pub const WSMAN_RESPONSE_BYTES_MAX: usize = 8 << 20;
/// Times that a service may have no rows within the time of one Pull, one after the other.
pub const PULL_TIMEOUTS_MAX: usize = 5;
/// Deepest nesting of elements in SOAP.
pub const XML_DEPTH_MAX: usize = 128;
/// Most elements of one SOAP message.
pub const XML_ELEMENTS_MAX: usize = 1_000_000;
/// Longest wait for a KDC: its name, its connection and its answer.
pub const KDC_TIMEOUT: Duration = Duration::from_secs(10);
/// Largest answer of a KDC that is read; a ticket with all groups of a user has some 64 KiB.
pub const KDC_REPLY_BYTES_MAX: usize = 1 << 20;
/// Largest keytab that is read.
pub const KEYTAB_BYTES_MAX: usize = 4 << 20;
/// Most tokens of a server in one authentication; Kerberos needs one, NTLM two.
pub const AUTHENTICATION_LEGS_MAX: usize = 6;
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
/// Deepest inheritance of classes.
pub const CLASS_INHERITANCE_MAX: usize = 32;

/// Most virtual machines, or local processes, of one gateway.
pub const GATEWAY_INSTANCES_MAX: u32 = 16;
/// How long a site's own Configuration Manager is given to make, change, start, stop or delete a gateway.
pub const SITE_GATEWAY_TIMEOUT: Duration = Duration::from_secs(3600);
/// How long a management certificate that was uploaded is waited for until the classic API lets it in.
pub const MANAGEMENT_CERTIFICATE_TIMEOUT: Duration = Duration::from_secs(300);
/// How often a wait for a cloud tells how it is; it can be stopped as often.
pub const WAIT_TOLD_EVERY: Duration = Duration::from_secs(1);
/// Largest file with a gateway's spec.
pub const SPEC_FILE_BYTES_MAX: usize = 1 << 20;
/// Largest answer body of one of Azure's management services that is read.
pub const AZURE_ANSWER_BYTES_MAX: usize = 16 << 20;
/// Most pages of one list of Azure resources that are followed.
pub const AZURE_PAGES_MAX: usize = 1_000;
/// Longest wait for the `az` program to give a token.
pub const AZ_TIMEOUT: Duration = Duration::from_secs(60);
/// Most output of the `az` program that is read.
pub const AZ_OUTPUT_BYTES_MAX: usize = 1 << 20;

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

/// Most published roles of one gateway.
pub const MAPPINGS_MAX: usize = 10_000;
/// Most endpoints of one published role.
pub const MAPPING_ENDPOINTS_MAX: usize = 100;

/// Largest part of a body in flight in a tunnel while its receiver takes nothing; four times that on a way of 5 ms and more,
/// for as long as the connection has room.
pub const TUNNEL_CREDIT_BYTES_MIN: usize = 128 << 10;
/// Largest part of a body in flight in a tunnel, on a long and fast way.
pub const TUNNEL_CREDIT_BYTES_MAX: usize = 32 << 20;
/// How much of a body its receiver hands on before it says so.
pub const TUNNEL_CREDIT_REPORT_BYTES: u32 = 48 << 10;
/// With this much in flight on one connection of a tunnel beyond the least of each body, only bodies grow whose receiver was
/// seen to take much.
pub const TUNNEL_EXCESS_BYTES: usize = 64 << 20;
/// With this much, none.
pub const TUNNEL_EXCESS_BYTES_MAX: usize = 256 << 20;
/// Largest part of a body in one frame of a tunnel; a small request waits for one frame of each bulk transfer.
pub const TUNNEL_FRAME_BYTES_MAX: usize = 32 << 10;
/// What is taken of all streams of a tunnel for one write.
pub const TUNNEL_BATCH_BYTES: usize = 128 << 10;
/// Largest head of a request or an answer in a tunnel.
pub const TUNNEL_HEADER_BYTES_MAX: usize = 256 << 10;
/// Most requests at a time on one connection of a tunnel.
pub const TUNNEL_STREAMS_MAX: usize = 20_000;
/// Largest message on the control stream of a tunnel, except for revocation lists.
pub const CONTROL_MESSAGE_BYTES_MAX: usize = 32 << 20;
/// Most messages that wait to go out on the control stream of a tunnel.
pub const CONTROL_QUEUE_MAX: usize = 64;
/// Unsent bytes that the kernel holds of a tunnel, where what is behind them can still be overtaken, and of an answer or a
/// request body whose reader may have stopped.
pub const SOCKET_UNSENT_BYTES: u32 = 128 << 10;
/// What the kernel reads ahead from a server inside. Left to itself it takes up to 32 MiB for each answer whose client does
/// not read, until the system has no memory for any connection.
pub const UPSTREAM_SOCKET_BYTES: usize = 256 << 10;
/// How often a connection of a tunnel is pinged, unless the caller says otherwise.
pub const TUNNEL_PING_INTERVAL: Duration = Duration::from_secs(5);
/// How long an answer to a ping may take, unless the caller says otherwise.
pub const TUNNEL_PING_DEADLINE: Duration = Duration::from_secs(5);
/// Longest wait for the first words on a new connection of a tunnel.
pub const TUNNEL_HELLO_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections from a connection point to each instance, unless the caller says otherwise: one for each of its workers,
/// but so many at least.
pub const TUNNEL_CONNECTIONS_MIN: usize = 2;
/// As above, but so many at most.
pub const TUNNEL_CONNECTIONS_USUAL_MAX: usize = 16;
/// Most threads that serve connections of one instance or connection point.
pub const WORKERS_MAX: usize = 256;
/// A request goes to a tunnel of another worker only where that has so many fewer requests open, and half as many.
pub const TUNNEL_DETOUR_REQUESTS: usize = 16;
/// Most bytes that are read of a socket at once.
pub const SOCKET_READ_BYTES: usize = 64 << 10;
/// What is encrypted for a client before it is sent; for a tunnel it is a whole batch.
pub const TLS_UNSENT_BYTES: usize = 32 << 10;
/// Most bytes of a handshake that wait to be read as one.
pub const TLS_HANDSHAKE_BYTES_MAX: usize = 64 << 10;
/// Most connections from a connection point to each instance.
pub const TUNNEL_CONNECTIONS_MAX: usize = 64;
/// Most connections of tunnels that one instance holds.
pub const TUNNEL_SESSIONS_MAX: usize = 1_024;
/// Most instances of one gateway, as on Microsoft's side.
pub const INSTANCES_MAX: u16 = 16;
/// Longest first pause before an instance is dialled again.
pub const DIAL_PAUSE_MIN: Duration = Duration::from_millis(50);
/// Longest pause before an instance is dialled again.
pub const DIAL_PAUSE_MAX: Duration = Duration::from_secs(30);
/// A connection of a tunnel that lived for this long counts as a success.
pub const DIAL_STABLE_AFTER: Duration = Duration::from_secs(10);
/// Largest answer of an HTTP proxy to `CONNECT`.
pub const PROXY_ANSWER_BYTES_MAX: usize = 16 << 10;
/// Longest wait for open requests when an instance or a connection point stops, unless its settings say otherwise.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest time that settings of an instance or a connection point may give for anything.
pub const SERVICE_TIME_MAX: Duration = Duration::from_secs(24 * 3600);
/// How often a connection point looks at its connections, as Microsoft's does.
pub const CONNECTION_CHECK_INTERVAL: Duration = Duration::from_secs(60);
/// How often an instance tells its connection points what it has counted.
pub const INSTANCE_REPORT_INTERVAL: Duration = Duration::from_secs(5);
/// How often a connection point looks at its gateway's health, unless its settings say otherwise; as often as the product.
pub const MONITOR_INTERVAL: Duration = Duration::from_secs(360);
/// The shortest interval that settings may ask for.
pub const MONITOR_INTERVAL_MIN: Duration = Duration::from_secs(1);
/// Most recipients of notices of one connection point.
pub const NOTICE_RECIPIENTS_MAX: usize = 16;
/// Most connections at a time to the dashboard.
pub const DASHBOARD_CONNECTIONS_MAX: usize = 64;
/// Most people who are signed in to the dashboard at a time; the oldest is signed out for a further one.
pub const DASHBOARD_SESSIONS_MAX: usize = 64;
/// How long somebody stays signed in to the dashboard.
pub const DASHBOARD_SESSION_TIME: Duration = Duration::from_secs(8 * 60 * 60);
/// Shortest token of the dashboard, in bytes.
pub const DASHBOARD_TOKEN_BYTES_MIN: usize = 16;
/// Largest form that the dashboard takes.
pub const DASHBOARD_FORM_BYTES_MAX: usize = 8 << 10;
/// How long the dashboard takes to refuse a wrong token.
pub const DASHBOARD_REFUSAL_PAUSE: Duration = Duration::from_secs(1);
/// Longest run of the analyzer that the dashboard waits for.
pub const DASHBOARD_ANALYSIS_TIMEOUT: Duration = Duration::from_secs(120);
/// How often a connection point reports its traffic, as Microsoft's does.
pub const TRAFFIC_REPORT_INTERVAL: Duration = Duration::from_secs(300);
/// What is read of an answer of a server inside before it is passed on.
pub const UPSTREAM_BUFFER_BYTES: usize = 32 << 10;
/// What is encrypted for a server inside before it is sent.
pub const UPSTREAM_UNSENT_BYTES: usize = 64 << 10;
/// How long a server inside that could not be reached is asked last.
pub const UPSTREAM_FAILURE_PAUSE: Duration = Duration::from_secs(10);
/// Connections to one server inside that are kept open for the next request.
pub const UPSTREAM_IDLE_CONNECTIONS_MAX: usize = 1_024;
/// How long a connection to a server inside is kept open unused; shorter than what servers allow.
pub const UPSTREAM_IDLE_TIMEOUT: Duration = Duration::from_secs(50);
/// Longest wait for the head of an answer from inside; notification channels are held open for minutes.
pub const UPSTREAM_RESPONSE_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// Connections of clients that one instance takes, unless the caller says otherwise.
pub const FRONT_CONNECTIONS_MAX: usize = 20_000;
/// Requests that one instance serves at a time, unless the caller says otherwise.
pub const FRONT_REQUESTS_MAX: usize = 20_000;
/// The highest number of connections or requests that settings may allow.
pub const FRONT_COUNT_MAX: usize = 1_000_000;
/// Longest TLS handshake of a client, unless the caller says otherwise.
pub const FRONT_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time for the head of a request, unless the caller says otherwise.
pub const FRONT_HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a client may be silent between requests, unless the caller says otherwise.
pub const FRONT_IDLE_TIMEOUT: Duration = Duration::from_secs(180);
/// How long a client may not read its answer or not send its body, unless the caller says otherwise.
pub const FRONT_STALL_TIMEOUT: Duration = Duration::from_secs(120);
/// How long what a client still sends after its answer is read and thrown away before the connection closes.
pub const FRONT_LINGER_TIMEOUT: Duration = Duration::from_secs(5);
/// After this time without a request a client counts as idle, and nothing but its TLS connection is kept.
pub const FRONT_REST_AFTER: Duration = Duration::from_millis(500);
/// What is read of a client, and kept of an answer for it, before it is passed on.
pub const FRONT_BUFFER_BYTES: usize = 32 << 10;
/// Largest head of a request of a client over HTTP/2; over HTTP/1.1 it is the buffer.
pub const FRONT_HEADER_BYTES_MAX: usize = 64 << 10;
/// Most requests at a time on one HTTP/2 connection of a client.
pub const FRONT_STREAMS_MAX: u32 = 100;
/// How often the certificate of a connected client is looked at again, though the trust has not changed.
pub const CLIENT_RECHECK_INTERVAL: Duration = Duration::from_secs(10);
/// Most tunnels on which one request is tried.
pub const FORWARD_ATTEMPTS_MAX: usize = 4;
/// Longest wait of a request for a connection point that is not there.
pub const TUNNEL_WAIT: Duration = Duration::from_secs(2);
/// Most requests that wait for a connection point that is not there.
pub const TUNNEL_WAITING_MAX: usize = 2_000;
/// What a client that is turned away for now is told to wait.
pub const RETRY_AFTER_SECONDS: u64 = 5;

/// Largest settings file of an instance or a connection point, and of what it points to as text.
pub const GATEWAY_FILE_BYTES_MAX: usize = 4 << 20;
/// How often a connection point looks into a site file for the sub-CAs of the gateway, unless its settings say
/// otherwise.
pub const SITE_WATCH_INTERVAL: Duration = Duration::from_millis(250);
/// How often a connection point asks an AdminService for them, unless its settings say otherwise.
pub const REMOTE_SITE_WATCH_INTERVAL: Duration = Duration::from_secs(10);
/// The shortest interval that settings may ask for.
pub const SITE_WATCH_INTERVAL_MIN: Duration = Duration::from_millis(50);
/// Most connections at a time to the metrics of an instance.
pub const ADMIN_CONNECTIONS_MAX: usize = 64;
/// Longest bearer token that is looked at.
pub const TOKEN_BYTES_MAX: usize = 16 << 10;
/// The ports that instances on this machine get: the first, and how many. Linux gives outgoing connections those from 32768
/// on, Windows from 49152 on.
pub const LOCAL_PORTS: (u16, u16) = (20_000, 10_000);
/// Calls that wait for the thread of COM at most.
pub const COM_CALLS_MAX: usize = 256;
/// Most keys of token issuers.
pub const TOKEN_KEYS_MAX: usize = 100;
/// Longest key set of token issuers that is fetched.
pub const KEY_SET_BYTES_MAX: usize = 1 << 20;
/// How often the keys of token issuers are asked for, where the settings do not say.
pub const KEY_SET_INTERVAL: Duration = Duration::from_secs(60 * 60);
/// How often they may be asked for, and how long after a failure they are asked for again.
pub const KEY_SET_INTERVAL_MIN: Duration = Duration::from_secs(10);

/// How often a client asks anew where it is and whom it may talk to.
pub const LOCATION_REFRESH_INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);
/// Longest wait for a domain controller and for a management point, unless the caller says otherwise.
pub const LOCATION_PROBE_TIMEOUT: Duration = Duration::from_secs(5);
/// Domain controllers that a client asks at most.
pub const DOMAIN_CONTROLLERS_MAX: usize = 8;
/// Longest time for a whole file that the reference client gets; a probe of who is there is shorter.
pub const LOCATION_DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(600);
/// Largest file that the reference client gets.
pub const LOCATION_ANSWER_BYTES_MAX: usize = 256 << 20;

/// How often a supervisor of local instances looks at them and at what is wanted.
pub const SUPERVISOR_INTERVAL: Duration = Duration::from_millis(100);
/// The pause before an instance that has ended by itself is started again; it doubles each time.
pub const SUPERVISOR_BACKOFF: Duration = Duration::from_millis(500);
/// The longest of those pauses.
pub const SUPERVISOR_BACKOFF_MAX: Duration = Duration::from_secs(30);
/// How long an instance must have run for its next end to count as the first.
pub const SUPERVISOR_STEADY: Duration = Duration::from_secs(60);
/// How long a new supervisor may take to be at work.
pub const SUPERVISOR_START_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a local instance may take to end its open requests before it is killed.
pub const INSTANCE_STOP_TIMEOUT: Duration = Duration::from_secs(60);
/// How long local instances may take until they serve, or are gone.
pub const LOCAL_INSTANCES_TIMEOUT: Duration = Duration::from_secs(90);
/// Size at which the log of a local instance is begun anew.
pub const INSTANCE_LOG_BYTES_MAX: u64 = 4 << 20;
