//! Steps 5 to 7 of the set-up at a site: its switches, its connection points, the roles that take gateway traffic; on an
//! embedded site and through the AdminService.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panic")]

use cmgateway::gateway::Gateway;
use cmgateway::gateway::connection_point_role::{
    ConnectionPointChange, ConnectionPointRoles, ConnectionPointSettings,
};
use cmgateway::gateway::site_control::{SiteAction, SitePlan};
use cmgateway::gateway::site_roles::{ClientConnections, RoleChanges, RoleKind, SiteRoles};
use cmgateway::gateway::site_switches::{SiteSwitches, SwitchChanges};
use cmgateway::net::PemSource;
use cmgateway::site::{AdminServiceServer, ConnectOptions, EmbeddedSite, ServerOptions, Site, SiteCode};
use cmgateway::wmi::wql::Parameters;
use cmgateway::wmi::{Instance, Value};
use cmgateway::{Error, ErrorKind, Secret};
use cmgateway_tests::folder::TestFolder;
use cmgateway_tests::test_pki::TestPki;
use serde_json::json;

const NAME: &str = "GraniteFalls.contoso.com";

/// A site as a snapshot of a real one has it: keys with quotes and backslashes, properties that nobody knows.
const SITE: &str = r#"
instance of SMS_SCI_Component { FileType = 2; ItemType = "Component"; SiteCode = "GF1"; Flag = 6;
    ItemName = "SMS_SITE_COMPONENT_MANAGER|CM1"; ComponentName = "SMS_SITE_COMPONENT_MANAGER"; Name = "CM1";
    Props = {
        instance of SMS_EmbeddedProperty { PropertyName = "IISSSLState"; Value = 2147483872; Value1 = "kept"; Value2 = ""; },
        instance of SMS_EmbeddedProperty { PropertyName = "Nobody knows"; Value = 7; Value1 = "a"; Value2 = "b"; },
        instance of SMS_EmbeddedProperty { PropertyName = "Certificate Store"; Value = 0; Value1 = "MY"; Value2 = ""; } }; };
instance of SMS_SCI_Component { FileType = 2; ItemType = "Component"; SiteCode = "XYZ"; Flag = 6;
    ItemName = "SMS_SITE_COMPONENT_MANAGER|OTHER"; ComponentName = "SMS_SITE_COMPONENT_MANAGER";
    Props = { instance of SMS_EmbeddedProperty { PropertyName = "IISSSLState"; Value = 31; Value1 = ""; Value2 = ""; } }; };
instance of SMS_SCI_SysResUse { FileType = 2; ItemType = "System Resource Usage"; SiteCode = "GF1";
    ItemName = "[\"Display=\\\\MP1.contoso.com\\\"]MSWNET:[\"SMS_SITE=GF1\"]\\\\MP1.contoso.com\\,SMS Management Point";
    NALPath = "[\"Display=\\\\MP1.contoso.com\\\"]MSWNET:[\"SMS_SITE=GF1\"]\\\\MP1.contoso.com\\";
    NetworkOSPath = "\\\\MP1.contoso.com"; RoleName = "SMS Management Point"; SslState = 0;
    Props = { instance of SMS_EmbeddedProperty { PropertyName = "UseSiteDatabase"; Value = 1; Value1 = ""; Value2 = ""; } }; };
instance of SMS_SCI_SysResUse { FileType = 2; ItemType = "System Resource Usage"; SiteCode = "GF1";
    ItemName = "SUP1"; NetworkOSPath = "\\\\SUP1.contoso.com"; RoleName = "SMS Software Update Point";
    Props = {
        instance of SMS_EmbeddedProperty { PropertyName = "IsIntranet"; Value = 1; Value1 = ""; Value2 = ""; },
        instance of SMS_EmbeddedProperty { PropertyName = "WSUSIISSSLPort"; Value = 8443; Value1 = ""; Value2 = ""; } }; };
instance of SMS_SCI_SysResUse { FileType = 2; ItemType = "System Resource Usage"; SiteCode = "GF1";
    ItemName = "DP1"; NetworkOSPath = "\\\\DP1.contoso.com"; RoleName = "SMS Distribution Point"; SslState = 1; };
instance of SMS_SCI_SysResUse { FileType = 2; ItemType = "System Resource Usage"; SiteCode = "GF1";
    ItemName = "[\"Display=\\\\CP1.contoso.com\\\"]MSWNET:[\"SMS_SITE=GF1\"]\\\\CP1.contoso.com\\,SMS Site System";
    NetworkOSPath = "\\\\CP1.contoso.com"; RoleName = "SMS Site System"; };
instance of SMS_AzureService { ServiceType = "CloudProxyService"; ServiceCName = "GraniteFalls.contoso.com";
    Name = "granitefalls"; NumberOfInstances = 5; };
instance of SMS_AzureService { ServiceType = "CloudProxyService"; ServiceCName = "Alder.contoso.com"; Name = "alder"; };
"#;

struct Lab {
    /// The site itself, and the same one over HTTPS.
    sites: [Site; 2],
    _server: AdminServiceServer,
    _folder: TestFolder,
}

async fn lab(mof: &str) -> Lab {
    let (folder, pki) = (TestFolder::new(), TestPki::new());
    let certificate = pki.server(&["localhost", "127.0.0.1"]);
    std::fs::write(folder.file("ca.pem"), pki.ca_pem()).unwrap();
    let embedded =
        EmbeddedSite::create(folder.file("site.db"), &SiteCode::new("GF1").unwrap()).await.unwrap();
    embedded.compile_mof(mof).await.unwrap();
    let options = ServerOptions {
        address: "127.0.0.1:0".parse().unwrap(),
        certificate_chain_pem: PemSource::bytes(certificate.chain_pem),
        key_pem: PemSource::bytes(certificate.key_pem),
        token: Secret::new("t"),
    };
    let server = AdminServiceServer::start(embedded.clone(), options).await.unwrap();
    let mut options = ConnectOptions::new(server.url());
    options.token = Some(Secret::new("t"));
    options.ca_file = Some(folder.file("ca.pem"));
    let remote = Site::connect(options).await.unwrap();
    Lab { sites: [embedded.into(), remote], _server: server, _folder: folder }
}

/// Everything that the site control file holds, as text.
async fn content(site: &Site) -> String {
    let mut all = String::new();
    for class in ["SMS_SCI_Component", "SMS_SCI_SysResUse"] {
        let wql = format!("SELECT * FROM {class}");
        for item in site.query(&wql, &Parameters::None).await.unwrap().all().await.unwrap() {
            all += &format!("{:?}\n", item.properties());
        }
    }
    all
}

async fn property(site: &Site, item: &str, name: &str) -> Option<Instance> {
    let parameters = Parameters::Positional(vec![item.into()]);
    for class in ["SMS_SCI_Component", "SMS_SCI_SysResUse"] {
        let wql = format!("SELECT * FROM {class} WHERE ItemName LIKE ?");
        for found in site.query(&wql, &parameters).await.unwrap().all().await.unwrap() {
            let Some(Value::Array(all)) = found.get("Props") else { continue };
            for one in all {
                let Value::Object(one) = one else { panic!("{one:?}") };
                if one.text("PropertyName") == Some(name) {
                    return Some((**one).clone());
                }
            }
        }
    }
    None
}

fn rule(error: &Error) -> &str {
    error.context().iter().find(|(name, _)| *name == "rule").map_or("", |(_, rule)| rule)
}

fn lines(plan: &SitePlan, action: SiteAction) -> Vec<String> {
    let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
    let steps = plan.steps.iter().filter(|step| step.action == action);
    steps.map(|step| format!("{} {} {}", step.setting, shown(&step.before), shown(&step.after))).collect()
}

#[tokio::test]
async fn switches_are_read_planned_set_and_read_back() {
    for at in [0, 1] {
        let lab = lab(SITE).await;
        let site = &lab.sites[at];
        let switches = SiteSwitches::of(site);
        let before = switches.read().await.unwrap();
        assert_eq!((before.iis_ssl_state, before.unknown_bits), (0x8000_00E0, 0x8000_0000));
        assert_eq!(before.text, "HTTPS or HTTP, no PKI, CRL checked, unknown bits 0x80000000");
        assert_eq!(before.certificate_store.as_deref(), Some("MY"));
        assert_eq!(before.enforce_message_signing, None);
        let untouched = content(site).await;
        let table = json!({
            "use_pki_client_certificate": true, "check_crl": false, "certificate_store": "Contoso",
            "enforce_message_signing": true,
        });
        let changes = SwitchChanges::from_json(table).unwrap();
        let plan = switches.plan(&changes).await.unwrap();
        assert_eq!(content(site).await, untouched, "a plan changes nothing");
        assert_eq!(
            lines(&plan, SiteAction::Change),
            [
                "use_pki_client_certificate no yes",
                "check_crl yes no",
                "IISSSLState 2147483872 (0x800000E0) 2147484096 (0x800001C0)",
                "certificate_store MY Contoso"
            ]
        );
        assert_eq!(lines(&plan, SiteAction::Add), ["enforce_message_signing - yes"]);
        plan.apply(site).await.unwrap();
        let after = switches.read().await.unwrap();
        assert_eq!(after.iis_ssl_state, 0x8000_01C0);
        assert_eq!((after.use_pki_client_certificate, after.check_crl), (true, false));
        assert_eq!(after.certificate_store.as_deref(), Some("Contoso"));
        assert_eq!(after.enforce_message_signing, Some(true));
        // Nothing else was touched: the texts beside the number, other properties, the other site.
        let state = property(&lab.sites[0], "SMS_SITE_COMPONENT_MANAGER|CM1", "IISSSLState").await.unwrap();
        assert_eq!(state.text("Value1"), Some("kept"));
        let other = property(&lab.sites[0], "SMS_SITE_COMPONENT_MANAGER|CM1", "Nobody knows").await.unwrap();
        assert_eq!((other.get("Value"), other.text("Value2")), (Some(&Value::from(7)), Some("b")));
        let foreign =
            property(&lab.sites[0], "SMS_SITE_COMPONENT_MANAGER|OTHER", "IISSSLState").await.unwrap();
        assert_eq!(foreign.get("Value"), Some(&Value::from(31)));
        let done = content(site).await;
        plan.apply(site).await.unwrap();
        let again = switches.set(&changes).await.unwrap();
        assert!(!again.is_change() && again.to_string().contains("nothing to do"), "{again}");
        assert_eq!(content(site).await, done, "safe to run twice");
    }
}

#[tokio::test]
async fn switches_that_contradict_each_other_and_plans_out_of_date_are_refused() {
    let lab = lab(SITE).await;
    let site = &lab.sites[0];
    let switches = SiteSwitches::of(site);
    let change = |table| SwitchChanges::from_json(table).unwrap();
    for (table, part) in [
        (json!({ "https_only": true, "enhanced_http": true }), "enhanced_http cannot be on"),
        (
            json!({ "https_only": true, "use_pki_client_certificate": false }),
            "use_pki_client_certificate cannot",
        ),
    ] {
        let error = switches.plan(&change(table)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.cause().contains(part), "{error}");
    }
    for (table, part) in [
        (
            json!({ "crl": true, "check_crl": "yes" }),
            "check_crl must be true or false; crl is not a field of",
        ),
        (json!({}), "no switch is given"),
        (json!([1]), "must be a table"),
    ] {
        let error = SwitchChanges::from_json(table).unwrap_err();
        assert!(error.kind() == ErrorKind::Config && error.cause().contains(part), "{error}");
    }
    let old = switches.plan(&change(json!({ "check_crl": false }))).await.unwrap();
    switches.set(&change(json!({ "enhanced_http": true }))).await.unwrap();
    let error = old.apply(site).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    assert!(switches.read().await.unwrap().check_crl, "nothing was written");
    // HTTPS alone takes Enhanced HTTP with it, and the plan says so.
    let plan = switches.set(&change(json!({ "https_only": true }))).await.unwrap();
    assert!(lines(&plan, SiteAction::Change).contains(&"enhanced_http yes no".to_owned()), "{plan}");
    assert_eq!(switches.read().await.unwrap().iis_ssl_state, 0x8000_003F);
}

#[tokio::test]
async fn a_site_without_the_component_gets_one_where_it_is_embedded() {
    let lab = lab("").await;
    let changes = SwitchChanges { check_crl: Some(false), ..SwitchChanges::default() };
    let error = SiteSwitches::of(&lab.sites[1]).plan(&changes).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let switches = SiteSwitches::of(&lab.sites[0]);
    let plan = switches.plan(&changes).await.unwrap();
    plan.apply(&lab.sites[0]).await.unwrap();
    plan.apply(&lab.sites[0]).await.unwrap();
    assert_eq!(switches.read().await.unwrap().iis_ssl_state, 192);
    assert!(!switches.set(&changes).await.unwrap().is_change());
    assert_eq!(SiteSwitches::of(&lab.sites[1]).read().await.unwrap().iis_ssl_state, 192);
}

#[tokio::test]
async fn switches_in_the_sites_definition_are_found_there() {
    let mof = r#"instance of SMS_SCI_SiteDefinition { FileType = 2; ItemType = "Site Definition"; SiteCode = "GF1";
        ItemName = "Site Definition"; Props = { instance of SMS_EmbeddedProperty { PropertyName = "IISSSLState"; Value = 0; },
            instance of SMS_EmbeddedProperty { PropertyName = "Enforce Message Signing"; Value = 2; } }; };"#;
    let lab = lab(mof).await;
    for site in &lab.sites {
        let switches = SiteSwitches::of(site);
        let state = switches.read().await.unwrap();
        assert_eq!((state.item.as_str(), state.iis_ssl_state), ("Site Definition", 0));
        // As the DSC resources read it.
        assert!(state.use_pki_client_certificate && state.check_crl && !state.https_only);
        let same = SwitchChanges { check_crl: Some(true), ..SwitchChanges::default() };
        let plan = switches.plan(&same).await.unwrap();
        assert!(!plan.is_change() && plan.warnings[0].contains("IISSSLState is 0"), "{plan}");
    }
    let changes = SwitchChanges { check_crl: Some(false), ..SwitchChanges::default() };
    SiteSwitches::of(&lab.sites[1]).set(&changes).await.unwrap();
    assert_eq!(SiteSwitches::of(&lab.sites[0]).read().await.unwrap().iis_ssl_state, 448);
    // Another number than 1 means yes as well, and can be switched off.
    let off = SwitchChanges { enforce_message_signing: Some(false), ..SwitchChanges::default() };
    let switches = SiteSwitches::of(&lab.sites[1]);
    assert_eq!(switches.read().await.unwrap().enforce_message_signing, Some(true));
    switches.set(&off).await.unwrap();
    assert_eq!(switches.read().await.unwrap().enforce_message_signing, Some(false));
}

#[tokio::test]
async fn roles_are_listed_and_take_gateway_traffic_when_the_rules_hold() {
    for at in [0, 1] {
        let lab = lab(SITE).await;
        let site = &lab.sites[at];
        let roles = SiteRoles::of(site);
        let all = roles.list(None).await.unwrap();
        let seen: Vec<_> = all
            .iter()
            .map(|role| (role.kind.as_str(), role.server.as_str(), role.https, role.port))
            .collect();
        assert_eq!(
            seen,
            [
                ("management_point", "MP1.contoso.com", false, 80),
                ("software_update_point", "SUP1.contoso.com", false, 8530),
                ("distribution_point", "DP1.contoso.com", true, 443)
            ]
        );
        let point = RoleKind::ManagementPoint;
        let traffic = RoleChanges { gateway_traffic: Some(true), ..RoleChanges::default() };
        let untouched = content(site).await;
        let error = roles.set(point, "MP1.contoso.com", &traffic).await.unwrap_err();
        assert_eq!((error.kind(), rule(&error)), (ErrorKind::Config, "gateway_needs_https"), "{error}");
        assert_eq!(content(site).await, untouched, "nothing was written");
        let with_https = RoleChanges { https: Some(true), ..traffic };
        let plan = roles.set(point, "\\\\mp1.CONTOSO.com", &with_https).await.unwrap();
        let expected =
            ["https no yes", "gateway_traffic no yes", "client_connections intranet internet_and_intranet"];
        assert_eq!(lines(&plan, SiteAction::Change), expected);
        assert!(plan.warnings[0].contains("no server of the site is a connection point"), "{plan}");
        let role = roles.list(Some(point)).await.unwrap().remove(0);
        assert!(role.https && role.gateway_traffic && role.port == 443);
        assert_eq!(role.client_connections, Some(ClientConnections::InternetAndIntranet));
        assert!(property(&lab.sites[0], "%MP1%Management Point", "UseSiteDatabase").await.is_some());
        assert!(!roles.set(point, "MP1.contoso.com", &with_https).await.unwrap().is_change());

        // With Enhanced HTTP a role may stay with HTTP.
        SiteSwitches::of(site)
            .set(&SwitchChanges { enhanced_http: Some(true), ..SwitchChanges::default() })
            .await
            .unwrap();
        roles.set(RoleKind::SoftwareUpdatePoint, "SUP1.contoso.com", &traffic).await.unwrap();
        let role = roles.list(Some(RoleKind::SoftwareUpdatePoint)).await.unwrap().remove(0);
        assert!(role.gateway_traffic && !role.https);
        let secure = RoleChanges { https: Some(true), ..RoleChanges::default() };
        roles.set(RoleKind::SoftwareUpdatePoint, "SUP1.contoso.com", &secure).await.unwrap();
        assert_eq!(roles.list(Some(RoleKind::SoftwareUpdatePoint)).await.unwrap()[0].port, 8443);
    }
}

#[tokio::test]
async fn roles_that_break_a_rule_are_refused_by_its_name() {
    let lab = lab(SITE).await;
    let site = &lab.sites[0];
    let roles = SiteRoles::of(site);
    let set = |kind, server: &'static str, table| {
        let (roles, changes) = (roles.clone(), RoleChanges::from_json(table).unwrap());
        async move { roles.plan(kind, server, &changes).await }
    };
    let (point, distribution) = (RoleKind::ManagementPoint, RoleKind::DistributionPoint);
    for (kind, server, table, expected) in [
        (distribution, "DP1.contoso.com", json!({ "gateway_traffic": true }), "no_distribution_point"),
        (
            point,
            "MP1.contoso.com",
            json!({ "https": true, "gateway_traffic": true, "client_connections": "intranet" }),
            "gateway_needs_internet",
        ),
        (
            point,
            "MP1.contoso.com",
            json!({ "client_connections": "internet" }),
            "internet_needs_gateway_or_https",
        ),
    ] {
        let error = set(kind, server, table).await.unwrap_err();
        assert_eq!(rule(&error), expected, "{error}");
        assert!(error.cause().starts_with(&format!("rule {expected}: ")), "{error}");
    }
    let error = set(distribution, "DP1.contoso.com", json!({ "gateway_traffic": true })).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.cause().contains("Technical Preview 1606"), "{error}");
    let only = SwitchChanges { https_only: Some(true), ..SwitchChanges::default() };
    SiteSwitches::of(site).set(&only).await.unwrap();
    let error = set(distribution, "DP1.contoso.com", json!({ "https": false })).await.unwrap_err();
    assert_eq!(rule(&error), "site_is_https_only");
    let error = set(point, "MP2.contoso.com", json!({ "https": true })).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.cause().contains("MP1.contoso.com"), "{error}");
    let error =
        set(distribution, "DP1.contoso.com", json!({ "client_connections": "internet" })).await.unwrap_err();
    assert!(error.cause().contains("client_connections is for"), "{error}");
    let error = RoleChanges::from_json(json!({ "client_connections": "both" })).unwrap_err();
    assert!(error.cause().contains("intranet, internet, internet_and_intranet"), "{error}");
    assert!("pull_point".parse::<RoleKind>().is_err());
}

#[tokio::test]
async fn connection_points_are_added_listed_changed_and_removed() {
    for at in [0, 1] {
        let lab = lab(SITE).await;
        let site = &lab.sites[at];
        let points = ConnectionPointRoles::of(site);
        assert!(points.list().await.unwrap().is_empty());
        let advice = points.advice("granitefalls.contoso.com").await.unwrap();
        assert_eq!((advice.instances, advice.for_load, advice.missing), (5, 2, 2));
        let untouched = content(site).await;
        let table =
            json!({ "gateway": "granitefalls.CONTOSO.com", "internet_proxy": "proxy.contoso.com:8080" });
        let settings = ConnectionPointSettings::from_json(table).unwrap();
        let plan = points.plan(ConnectionPointChange::Add, "CP1.contoso.com", &settings).await.unwrap();
        assert_eq!(content(site).await, untouched, "a plan changes nothing");
        assert!(plan.warnings[0].contains("from 10124 on"), "{plan}");
        plan.apply(site).await.unwrap();
        plan.apply(site).await.unwrap();
        let point = points.list().await.unwrap().remove(0);
        assert_eq!((point.server.as_str(), point.gateway.as_deref()), ("CP1.contoso.com", Some(NAME)));
        assert_eq!(point.internet_proxy.unwrap().to_string(), "proxy.contoso.com:8080");
        assert!(point.path.contains(r#"MSWNET:[\"SMS_SITE=GF1\"]"#), "{}", point.path);
        let done = content(site).await;
        assert!(!points.add("cp1.contoso.com", &settings).await.unwrap().is_change());
        assert_eq!(content(site).await, done, "safe to run twice");
        assert_eq!(points.advice(NAME).await.unwrap().missing, 1);

        let other = ConnectionPointSettings::from_json(json!({ "gateway": "Alder.contoso.com" })).unwrap();
        let error = points.add("CP1.contoso.com", &other).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
        points.change("CP1.contoso.com", &other).await.unwrap();
        let off = ConnectionPointSettings::from_json(json!({ "internet_proxy": false })).unwrap();
        points.change("CP1.contoso.com", &off).await.unwrap();
        let point = points.list().await.unwrap().remove(0);
        assert_eq!((point.gateway.as_deref(), &point.internet_proxy), (Some("Alder.contoso.com"), &None));
        let with_user = json!({ "internet_proxy": { "server": "p", "port": 3128, "user": "CONTOSO\\cp" } });
        points
            .change("CP1.contoso.com", &ConnectionPointSettings::from_json(with_user).unwrap())
            .await
            .unwrap();
        let proxy = points.list().await.unwrap().remove(0).internet_proxy.unwrap();
        assert_eq!((proxy.port, proxy.user.as_deref()), (3128, Some("CONTOSO\\cp")));

        let plan = points.remove("CP1.contoso.com").await.unwrap();
        assert!(plan.warnings[0].contains("last connection point"), "{plan}");
        assert!(points.list().await.unwrap().is_empty());
        assert!(!points.remove("CP1.contoso.com").await.unwrap().is_change());
    }
}

#[tokio::test]
async fn connection_points_that_cannot_be_are_refused() {
    let lab = lab(SITE).await;
    let [embedded, remote] = &lab.sites;
    let points = ConnectionPointRoles::of(remote);
    let settings = ConnectionPointSettings::from_json(json!({ "gateway": NAME })).unwrap();
    let kind = |error: Error| error.kind();
    let nothing = ConnectionPointSettings::default();
    for (change, server, settings, expected) in [
        (ConnectionPointChange::Add, "CP1.contoso.com", &nothing, ErrorKind::Config),
        (ConnectionPointChange::Add, "a b", &settings, ErrorKind::Config),
        (ConnectionPointChange::Add, "CP2.contoso.com", &settings, ErrorKind::NotFound),
        (ConnectionPointChange::Change, "CP1.contoso.com", &settings, ErrorKind::NotFound),
    ] {
        let planned = points.plan(change, server, settings).await;
        assert_eq!(planned.map(drop).map_err(kind), Err(expected), "{change:?} {server}");
    }
    let unknown = ConnectionPointSettings::from_json(json!({ "gateway": "no.contoso.com" })).unwrap();
    assert_eq!(
        points.add("CP1.contoso.com", &unknown).await.map(drop).map_err(kind),
        Err(ErrorKind::NotFound)
    );
    for table in [
        json!({ "proxy": 1 }),
        json!({ "internet_proxy": "h:0" }),
        json!({ "internet_proxy": { "port": 0 } }),
    ] {
        assert_eq!(ConnectionPointSettings::from_json(table).map(drop).map_err(kind), Err(ErrorKind::Config));
    }
    // On an embedded site a server becomes a site system with its first role.
    ConnectionPointRoles::of(embedded).add("CP2.contoso.com", &settings).await.unwrap();
    assert_eq!(points.list().await.unwrap()[0].server, "CP2.contoso.com");
    // A link that somebody else wrote under another name, in the other text, is found and kept there.
    let mof = r#"instance of SMS_SCI_SysResUse { FileType = 2; ItemType = "System Resource Usage"; SiteCode = "GF1";
        ItemName = "CP3"; NetworkOSPath = "\\\\CP3"; RoleName = "SMS Cloud Proxy Connector"; Props = {
        instance of SMS_EmbeddedProperty { PropertyName = "CloudServiceName"; Value1 = "ALDER"; } }; };"#;
    embedded.embedded().unwrap().compile_mof(mof).await.unwrap();
    assert_eq!(points.list().await.unwrap()[1].gateway.as_deref(), Some("Alder.contoso.com"));
    points.change("CP3", &settings).await.unwrap();
    let link = property(embedded, "CP3", "CloudServiceName").await.unwrap();
    assert_eq!(link.text("Value1"), Some(NAME));
}

#[tokio::test]
async fn the_ports_of_a_gateway_follow_from_what_the_site_holds() {
    let lab = lab(SITE).await;
    for site in &lab.sites {
        let gateway = Gateway::find(site, NAME).await.unwrap();
        let ports = |rows: &[cmgateway::gateway::required_ports::RequiredPort]| {
            rows.iter().map(|row| format!("{} {} {}", row.to, row.protocol, row.ports())).collect::<Vec<_>>()
        };
        let found = gateway.required_ports().await.unwrap();
        // Five instances, no model told: the channels of classic deployments too; no role takes traffic yet.
        let expected = [
            "GraniteFalls.contoso.com TCP-TLS 10140-10144",
            "GraniteFalls.contoso.com HTTPS 10124-10128",
            "GraniteFalls.contoso.com HTTPS 443",
        ];
        assert_eq!(ports(&found.rows), expected);
        let other = Gateway::find(site, "Alder.contoso.com").await.unwrap().required_ports().await.unwrap();
        assert_eq!(ports(&other.rows)[1], "Alder.contoso.com HTTPS 443", "one instance");
    }
    let secure = RoleChanges { https: Some(true), gateway_traffic: Some(true), ..RoleChanges::default() };
    SiteRoles::of(&lab.sites[0])
        .set(RoleKind::SoftwareUpdatePoint, "SUP1.contoso.com", &secure)
        .await
        .unwrap();
    let found = Gateway::find(&lab.sites[1], NAME).await.unwrap().required_ports().await.unwrap();
    let inside = found.rows.iter().find(|row| row.to == "SUP1.contoso.com").unwrap();
    assert_eq!((inside.protocol.as_str(), inside.first_port), ("HTTPS", 8443));
    nft_takes(&found.to_nftables());
}

/// `nft` itself reads the file, where it is installed and a namespace of its own can be had.
fn nft_takes(text: &str) {
    let folder = TestFolder::new();
    let file = folder.file("gateway.nft");
    std::fs::write(&file, text).unwrap();
    let probe = std::process::Command::new("unshare").args(["-rn", "nft", "list", "ruleset"]).output();
    if !probe.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no nft in a namespace of its own");
        return;
    }
    let read =
        std::process::Command::new("unshare").args(["-rn", "nft", "-c", "-f"]).arg(&file).output().unwrap();
    assert!(read.status.success(), "{}\n{text}", String::from_utf8_lossy(&read.stderr));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn four_who_change_one_item_at_once_lose_nothing() {
    let lab = lab(SITE).await;
    let address = lab.sites[0].address().to_owned();
    let mut writers = Vec::new();
    for table in [
        json!({ "check_crl": false }),
        json!({ "certificate_store": "Contoso" }),
        json!({ "enforce_message_signing": true }),
        json!({ "enforce_enhanced_hash": true }),
    ] {
        // Each has a connection of its own, as a process of its own would.
        let site = Site::connect(ConnectOptions::new(address.clone())).await.unwrap();
        let changes = SwitchChanges::from_json(table).unwrap();
        writers.push(tokio::spawn(async move { SiteSwitches::of(&site).set(&changes).await.unwrap() }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let state = SiteSwitches::of(&lab.sites[1]).read().await.unwrap();
    assert!(!state.check_crl && state.certificate_store.as_deref() == Some("Contoso"));
    assert_eq!((state.enforce_message_signing, state.enforce_enhanced_hash), (Some(true), Some(true)));
}
