use super::super::Config;
use std::path::Path;
#[test]
fn show() {
    let e = Config::parse(
        "
listeners:
  - name: edge
    address: 127.0.0.1:9480
    adress: x
  - name: 5
    address: 127.0.0.1
    name: edge
tls: 
limits: {head_timeout_s: 0, head_fields: '7'}
upstreams:
  - name: app
    servers: [https://127.0.0.1:8080]
routes:
  - {name: a, path: /x/../y, upsteam: app}
  - {name: a, path: /y, upstream: ap, scopes: {all: ['']}, authentication: anonymus}
  - foo
",
        Path::new(""),
    )
    .unwrap_err();
    println!("{e}");
}
