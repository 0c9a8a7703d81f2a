//! WMI over COM, against the WMI of the machine (Windows', or Wine's where it stands in for it).
#![cfg(windows)]
#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use cmgateway::ErrorKind;
use cmgateway::site::{ConnectOptions, MethodInput, PutMode, Site};
use cmgateway::wmi::wql::Parameters;
use cmgateway::wmi::{CimType, Instance, ObjectPath, Value};

fn is_wine() -> bool {
    std::path::Path::new(r"C:\windows\system32\winecfg.exe").exists()
}

async fn own(namespace: &str) -> Site {
    Site::connect(ConnectOptions::new(format!("com://./{namespace}"))).await.unwrap()
}

async fn rows(site: &Site, wql: &str) -> Vec<Instance> {
    site.query(wql, &Parameters::None).await.unwrap().all().await.unwrap()
}

#[tokio::test]
async fn a_query_gives_rows_with_types_and_paths() {
    let site = own("root/cimv2").await;
    let systems = rows(&site, "SELECT * FROM Win32_OperatingSystem").await;
    assert_eq!(systems.len(), 1);
    assert!(systems[0].text("Caption").is_some_and(|caption| caption.contains("Windows")), "{systems:?}");
    assert!(systems[0].path().is_some_and(|path| path.class.is("Win32_OperatingSystem")));
    let memory =
        systems[0].properties().iter().find(|property| property.name.is("TotalVisibleMemorySize")).unwrap();
    assert_eq!(memory.cim_type, Some(CimType::Uint64));
    assert!(matches!(memory.value, Value::Integer(kilobytes) if kilobytes > 1_000), "{memory:?}");
    let own_process = format!("SELECT * FROM Win32_Process WHERE ProcessId = {}", std::process::id());
    assert_eq!(rows(&site, &own_process).await.len(), 1);
}

#[tokio::test]
async fn an_instance_is_read_by_its_path() {
    let site = own("root/cimv2").await;
    let path = format!("Win32_Process.Handle=\"{}\"", std::process::id());
    let process = site.get(&ObjectPath::parse(&path).unwrap()).await.unwrap();
    assert_eq!(process.get("ProcessId"), Some(&Value::Integer(std::process::id().into())));
}

#[tokio::test]
async fn a_class_tells_its_properties_keys_and_methods() {
    let site = own("root/default").await;
    let class = site.class("StdRegProv").await.unwrap();
    let method = class.method("EnumKey").unwrap();
    let inputs: Vec<_> = method.inputs().map(|input| input.name.to_string()).collect();
    assert_eq!(inputs, ["hDefKey", "sSubKeyName"]);
    assert!(method.outputs().any(|output| output.name.is("sNames") && output.is_array));
    let process = own("root/cimv2").await.class("Win32_Process").await.unwrap();
    // Wine does not tell keys.
    assert!(process.property("Handle").is_some_and(|handle| handle.is_key || is_wine()));
}

#[tokio::test]
async fn a_method_takes_and_gives_values_and_arrays() {
    let site = own("root/default").await;
    let class = site.class("StdRegProv").await.unwrap();
    let takes = class.method("EnumKey").unwrap().inputs().find(|input| input.name.is("hDefKey")).unwrap();
    // HKEY_LOCAL_MACHINE; Wine has declared it signed.
    let key = match takes.cim_type {
        CimType::Sint32 => i128::from(0x8000_0002_u32.cast_signed()),
        _ => 0x8000_0002,
    };
    let input =
        MethodInput::named([("hDefKey", Value::Integer(key)), ("sSubKeyName", Value::from("Software"))]);
    let output = site.call(&ObjectPath::parse("StdRegProv").unwrap(), "EnumKey", input).await.unwrap();
    assert_eq!(output.get("ReturnValue"), Some(&Value::Integer(0)));
    let Some(Value::Array(names)) = output.get("sNames") else { panic!("{output:?}") };
    assert!(
        names.iter().any(|name| name.as_str().is_some_and(|name| name.eq_ignore_ascii_case("Microsoft")))
    );
}

#[tokio::test]
async fn errors_have_wmis_numbers() {
    let site = own("root/cimv2").await;
    let missing = own("root/no_such_namespace").await;
    let error = missing.query("SELECT * FROM Win32_Process", &Parameters::None).await.err().unwrap();
    assert_eq!(error.wbem().map(|wbem| wbem.code()), Some(0x8004_100E), "{error:?}");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let none = ObjectPath::parse("Win32_NoSuchClass.Name=\"x\"").unwrap();
    assert!(site.get(&none).await.is_err());
    let mut instance = site.new_instance("Win32_Environment").await.unwrap();
    instance.set("Name", "CMGATEWAY").unwrap();
    // Wine has no puts; Windows may refuse this one. Either way it is an error of WMI's or a path.
    if let Err(error) = site.put(&mut instance, PutMode::CreateOnly).await {
        assert!(error.wbem().is_some() || error.kind() == ErrorKind::Config, "{error:?}");
    }
}

#[tokio::test]
async fn queries_that_are_not_read_to_their_end_hold_nothing_up() {
    let site = own("root/cimv2").await;
    for _ in 0..50 {
        let mut rows = site.query("SELECT * FROM Win32_Process", &Parameters::None).await.unwrap();
        assert!(rows.next().await.unwrap().is_some());
    }
    assert!(!rows(&site, "SELECT Name FROM Win32_Process").await.is_empty());
}

#[tokio::test]
async fn what_com_does_not_take_is_refused() {
    for (address, set) in [
        ("com://./root/cimv2", (|options| options.user = Some("a".into())) as fn(&mut ConnectOptions)),
        ("com://cm1/root/cimv2", |options| options.kdc = Some("dc1".into())),
        ("com://cm1", |_| {}),
    ] {
        let mut options = ConnectOptions::new(address);
        set(&mut options);
        assert_eq!(Site::connect(options).await.err().unwrap().kind(), ErrorKind::Config, "{address}");
    }
}
