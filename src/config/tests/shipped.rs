use super::super::schema;
#[test]
fn show() {
    println!("{}", serde_json::to_string_pretty(&schema()).unwrap());
}
