//! Schema queries and association queries, on an embedded site and through WinRM.
#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use cmgateway::ErrorKind;
use cmgateway::site::{EmbeddedSite, Site, SiteCode};
use cmgateway::wmi::wql::{AssociationQuery, Parameters, Query};
use cmgateway_tests::folder::TestFolder;

const LIBRARY: &str = r#"
class Lib_Item { [key] string Code; string Title; };
[Dynamic] class Lib_Book : Lib_Item { uint32 Pages; };
class Lib_Shelf { [key] uint32 Number; };
class Lib_Reader { [key] string Name; };
[association] class Lib_Stands { [key] Lib_Item ref What; [key] Lib_Shelf ref Where; };
[association, Loan] class Lib_Lent { [key] Lib_Item ref What; [key] Lib_Reader ref To; datetime Until; };
instance of Lib_Shelf { Number = 1; };
instance of Lib_Reader { Name = "O'Brien"; };
instance of Lib_Book { Code = "b}1"; Title = "Braces"; Pages = 9; };
instance of Lib_Item { Code = "m1"; Title = "Map"; };
instance of Lib_Stands { What = "Lib_Book.Code=\"b}1\""; Where = "Lib_Shelf.Number=1"; };
instance of Lib_Stands { What = "\\\\srv\\root\\sms:Lib_Item='M1'"; Where = "Lib_Shelf=1"; };
instance of Lib_Lent { What = "Lib_Book.Code=\"b}1\""; To = "Lib_Reader.Name=\"O'Brien\""; };
instance of Lib_Lent { What = "Lib_Book.Code=\"gone\""; To = "Lib_Reader.Name=\"O'Brien\""; };
"#;

async fn library(folder: &TestFolder) -> Site {
    let code = SiteCode::new("GF1").unwrap();
    let site: Site = EmbeddedSite::create(folder.file("site.db"), &code).await.unwrap().into();
    site.embedded().unwrap().compile_mof(LIBRARY).await.unwrap();
    site
}

async fn paths(site: &Site, wql: &str) -> Vec<String> {
    let rows = site.query(wql, &Parameters::None).await.unwrap().all().await.unwrap();
    let mut paths: Vec<_> = rows.iter().map(|row| row.path().unwrap().to_string()).collect();
    paths.sort();
    paths
}

#[tokio::test]
async fn association_queries_find_what_belongs_together() {
    let folder = TestFolder::new();
    let site = library(&folder).await;
    let (book, item) = (r#"Lib_Book.Code="b}1""#, r#"Lib_Item.Code="m1""#);
    let shelf = "ASSOCIATORS OF {Lib_Shelf.Number=1}";
    for (condition, expected) in [
        ("", vec![book, item]),
        (" WHERE ResultClass = Lib_Book", vec![book]),
        (" WHERE resultclass=lib_item role = where resultrole = What", vec![book, item]),
        (" WHERE Role = What", vec![]),
        (" WHERE AssocClass = Lib_Lent", vec![]),
        (" WHERE RequiredQualifier = Dynamic", vec![book]),
        (" WHERE RequiredAssocQualifier = Loan", vec![]),
        (" WHERE ClassDefsOnly", vec!["Lib_Book", "Lib_Item"]),
    ] {
        assert_eq!(paths(&site, &format!("{shelf}{condition}")).await, expected, "{condition}");
    }
    let reader = "ASSOCIATORS OF {\\\\.\\root\\sms:Lib_Reader='o\\'brien'} WHERE KeysOnly";
    let keys = site.query(reader, &Parameters::None).await.unwrap().all().await.unwrap();
    assert_eq!(
        keys.iter().map(|row| row.properties().len()).collect::<Vec<_>>(),
        [1],
        "the lost book is left out"
    );
    let lent = paths(&site, &format!("REFERENCES OF {{{book}}}")).await;
    assert_eq!(lent.len(), 2);
    assert_eq!(
        paths(&site, &format!("references of {{{book}}} where resultclass = Lib_Lent")).await.len(),
        1
    );
    let schema = "ASSOCIATORS OF {Lib_Book} WHERE SchemaOnly";
    assert_eq!(paths(&site, schema).await, ["Lib_Reader", "Lib_Shelf"]);
    let missing = site.query("ASSOCIATORS OF {Lib_Shelf=9}", &Parameters::None).await.err().unwrap();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn schema_queries_find_classes() {
    let folder = TestFolder::new();
    let site = library(&folder).await;
    for (condition, expected) in [
        ("__this ISA 'lib_item'", vec!["Lib_Book", "Lib_Item"]),
        ("__Class = \"LIB_SHELF\"", vec!["Lib_Shelf"]),
        (
            "__Class LIKE 'Lib[_]%' AND __SuperClass IS NULL AND NOT __Class LIKE 'Lib[_][LS]%'",
            vec!["Lib_Item", "Lib_Reader"],
        ),
        ("__superclass = 'Lib_Item'", vec!["Lib_Book"]),
        ("__Dynasty = 'Lib_Item'", vec!["Lib_Book", "Lib_Item"]),
    ] {
        assert_eq!(paths(&site, &format!("SELECT * FROM meta_class WHERE {condition}")).await, expected);
    }
    let all = paths(&site, "select * from META_CLASS").await;
    assert_eq!(all.len(), site.classes().await.unwrap().len());
    let rows =
        site.query("SELECT * FROM meta_class WHERE __Class='Lib_Book'", &Parameters::None).await.unwrap();
    let book = rows.all().await.unwrap().remove(0);
    assert_eq!(book.value("__GENUS"), Some(1.into()));
    assert_eq!(book.value("__SUPERCLASS"), Some("Lib_Item".into()));
    assert!(book.get("Pages").is_some() && book.get("Title").is_some());
    for wrong in ["SELECT __Class FROM meta_class", "SELECT * FROM meta_class ORDER BY __Class"] {
        let error = site.query(wrong, &Parameters::None).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Config, "{wrong}");
        assert!(error.to_string().contains("at line 1, column"), "{error}");
    }
}

#[test]
fn every_kind_of_text_prints_back() {
    for text in [
        "ASSOCIATORS OF {Lib_Shelf.Number=1}",
        "ASSOCIATORS OF {Lib_Shelf.Number=1} WHERE AssocClass = A ResultClass = B ResultRole = C Role = D",
        "REFERENCES OF {Lib_Shelf.Number=1} WHERE RequiredQualifier = Q KeysOnly",
        "SELECT * FROM meta_class WHERE __this ISA \"A\"",
        "SELECT * FROM __InstanceCreationEvent WITHIN 5 WHERE TargetInstance ISA \"SMS_Site\"",
        "SELECT Name FROM SMS_Site",
    ] {
        assert_eq!(Query::parse(text).unwrap().to_string(), text);
    }
    for (text, cause, column) in [
        ("ASSOCIATORS OF Lib_Shelf", "expected an object path in braces", 16),
        ("ASSOCIATORS OF {Lib_Shelf=1", "no closing brace", 16),
        ("ASSOCIATORS OF {Lib Shelf=1}", "", 17),
        ("ASSOCIATORS OF {Lib_Shelf}", "add WHERE SchemaOnly", 17),
        ("ASSOCIATORS OF {A=1} WHERE SchemaOnly", "is that of a class", 17),
        ("ASSOCIATORS OF {A=1} WHERE", "expected Role", 27),
        ("ASSOCIATORS OF {A=1} WHERE Role B", "expected \"=\"", 33),
        ("ASSOCIATORS OF {A=1} WHERE Role=B Role=C", "stands twice", 35),
        ("ASSOCIATORS OF {A=1} WHERE ClassDefsOnly ResultClass=B", "do not go together", 42),
        ("REFERENCES OF {A=1} WHERE AssocClass=B", "expected Role", 27),
        ("ASSOCIATORS OF {A=1} WHERE Role=B AND Role=C", "expected Role", 35),
    ] {
        let error = AssociationQuery::parse(text).unwrap_err();
        assert!(error.cause().contains(cause), "{text}: {error}");
        assert!(error.cause().ends_with(&format!("at line 1, column {column}")), "{text}: {error}");
    }
}
