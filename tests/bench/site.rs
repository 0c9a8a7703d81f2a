//! Speed of the embedded site: `cargo bench --package cmgateway-tests --bench site`.
//!
//! Prints one line a measure, median of several runs. 10,000 instances by default; `-- 1000000` for a million.
//! Rows are filled in with plain SQL, in one transaction, so that setting the stage takes seconds; the puts that
//! are measured go through the site. Plain SQLite on the same file is the peer of the reads.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panic")]

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use cmgateway::site::{EmbeddedSite, PutMode, Site, SiteCode};
use cmgateway::wmi::wql::{Parameters, Select};
use cmgateway_tests::folder::TestFolder;
use tokio::runtime::Runtime;

fn main() {
    let count = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(10_000_u32);
    let runtime = Runtime::new().unwrap();
    let folder = TestFolder::new();
    let file = folder.file("site.db");
    let site: Site =
        runtime.block_on(EmbeddedSite::create(&file, &SiteCode::new("GF1").unwrap())).unwrap().into();
    fill(&file, count);
    println!("{count} instances of SMS_AzureService, {} MiB", std::fs::metadata(&file).unwrap().len() >> 20);

    let wql = "SELECT * FROM SMS_AzureService WHERE ServiceType = 'CloudProxyService' AND ServiceCName = 'x'";
    report("WQL parse", 20_000, || drop(black_box(Select::parse(wql).unwrap())));
    let query = |wql: String, rows: usize| {
        let found = runtime
            .block_on(async { site.query(&wql, &Parameters::None).await.unwrap().all().await.unwrap() });
        assert_eq!(found.len(), rows, "{wql}");
    };
    let middle = count / 2;
    let by_key = format!("SELECT * FROM SMS_AzureService WHERE AzureServiceID = {middle}");
    report("query by key", 500, || query(by_key.clone(), 1));
    let by_property =
        format!("SELECT * FROM SMS_AzureService WHERE ServiceCName = 'SERVICE{middle}.contoso.com'");
    report("query by a property without index", 5, || query(by_property.clone(), 1));
    let by_like = format!("SELECT * FROM SMS_AzureService WHERE ServiceCName LIKE '%{middle}.contoso.com'");
    report("query LIKE '%x'", 5, || {
        query(by_like.clone(), if count <= 10 { 1 } else { like_rows(count, middle) })
    });
    report("read all rows", 3, || query("SELECT * FROM SMS_AzureService".into(), count as usize));
    let plain = rusqlite_connection(&file);
    report("plain SQLite: read all rows", 3, || assert_eq!(plain_read(&plain), count));

    let mut next = count;
    report("put of a new instance (synchronous=FULL)", 200, || {
        next += 1;
        let mut service = runtime.block_on(site.new_instance("SMS_AzureService")).unwrap();
        service.set("AzureServiceID", next).unwrap();
        service.set("ServiceCName", format!("service{next}.contoso.com")).unwrap();
        runtime.block_on(site.put(&mut service, PutMode::CreateOnly)).unwrap();
    });
}

fn fill(file: &Path, count: u32) {
    let connection = rusqlite_connection(file);
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
         INSERT INTO \"instances_SMS_AzureService\"
             (AzureServiceID, Name, ServiceCName, ServiceType, SiteCode, Region, NumberOfInstances, State)
         SELECT i, 'service' || i, 'service' || i || '.contoso.com', 'CloudProxyService', 'GF1', 'WestUS', 1, 0 FROM n";
    connection.execute(sql, [count]).unwrap();
}

fn rusqlite_connection(file: &Path) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(file).unwrap();
    // The site's own collation; never called here, but the table's schema names it.
    connection.create_collation("wmi_text", |a: &str, b: &str| a.cmp(b)).unwrap();
    connection
}

fn plain_read(connection: &rusqlite::Connection) -> u32 {
    let mut statement = connection.prepare_cached("SELECT * FROM \"instances_SMS_AzureService\"").unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut count = 0;
    while let Some(row) = rows.next().unwrap() {
        for column in 0..columns {
            black_box(row.get::<_, rusqlite::types::Value>(column).unwrap());
        }
        count += 1;
    }
    count
}

fn like_rows(count: u32, middle: u32) -> usize {
    let ending = middle.to_string();
    (1..=count).filter(|number| number.to_string().ends_with(&ending)).count()
}

fn report(name: &str, runs: usize, mut work: impl FnMut()) {
    let mut times: Vec<Duration> = (0..runs)
        .map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    let micros = times[times.len() / 2].as_secs_f64() * 1e6;
    println!("{name:<45} {micros:>14.1} µs (median of {runs})");
}
