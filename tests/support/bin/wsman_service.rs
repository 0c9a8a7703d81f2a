//! A WS-Management service for the tests in Python: serves a new site and prints its port.
//!
//! `wsman-service FILE [AUTHORIZATION]`; it ends when its standard input does.

use std::io::Read;

use cmgateway::site::{EmbeddedSite, Site, SiteCode};
use cmgateway_tests::wsman::{WsmanOptions, WsmanService};

const CLASSES: &str = r#"
class Lab_Rule { string RuleName; };
class Lab_Thing { [key] string Name; uint32 Number; uint64 Big; boolean Flag; datetime At; string Texts[]; Lab_Rule Rules[];
    [static] uint32 Sum([in] sint32 A, [in] sint32 B, [out] sint32 Total); };
instance of Lab_Thing { Name = "one"; Number = 1; Big = 18446744073709551615; Flag = TRUE;
    At = "20240131120000.000000+060"; Texts = {"a", "b<"}; Rules = { instance of Lab_Rule { RuleName = "r"; } }; };
instance of Lab_Thing { Name = "two"; Number = 2; };
"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("usage: wsman-service FILE [AUTHORIZATION]")?;
    let site: Site = EmbeddedSite::create(file, &SiteCode::new("GF1")?).await?.into();
    let embedded = site.embedded()?;
    embedded.compile_mof(CLASSES).await?;
    let sum = |call: &cmgateway::site::embedded::MethodCall<'_>| {
        let number =
            |name: &str| call.input.get(name).and_then(cmgateway::wmi::Value::as_integer).unwrap_or(0);
        let total = i64::try_from(number("A") + number("B")).unwrap_or_default();
        Ok(vec![("Total".to_owned(), total.into()), ("ReturnValue".to_owned(), 0.into())])
    };
    embedded.on_method("Lab_Thing", "Sum", std::sync::Arc::new(sum)).await?;
    let options =
        WsmanOptions { authorization: arguments.next(), rows_max: Some(1), ..WsmanOptions::default() };
    let service = WsmanService::start(site, options).await;
    println!("{}", service.port());
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}
