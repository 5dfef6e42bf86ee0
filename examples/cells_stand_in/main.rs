//! A stand-in for Pydio Cells: the endpoints that Cellgate uses, with a switch for every failure.
//!
//! ```text
//! cargo run --example cells_stand_in -- --listen 127.0.0.1:9490 --version v4
//! ```
//!
//! Users `alice`, `bob`, `carol@example.com`, `dept/dave` and `zoë müller` have the password
//! `cells-demo-password`; `cells-demo-service-token` is the token of an administrator. While it runs, `POST /_control` changes the switches:
//!
//! ```text
//! curl http://127.0.0.1:9490/_control -d '{"session": "down"}'
//! ```

#[path = "stand_in.rs"]
#[expect(dead_code, reason = "tests include the same file and ask it for more")]
mod stand_in;

use std::error::Error;
use std::net::SocketAddr;

use clap::Parser;

use stand_in::{ProfileSwitch, SessionSwitch, StandIn, Switches, Version};

/// A stand-in for Pydio Cells, for trying out Cellgate without one.
#[derive(Parser)]
struct Arguments {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9490")]
    listen: SocketAddr,
    /// Whose error answers to imitate.
    #[arg(long, value_enum, default_value = "v4")]
    version: Version,
    /// What `POST /a/frontend/session` does with right credentials.
    #[arg(long, value_enum, default_value = "works")]
    session: SessionSwitch,
    /// Milliseconds that a password check takes.
    #[arg(long, default_value_t = 0)]
    session_delay_ms: u64,
    /// What `GET /a/user/{login}` does.
    #[arg(long, value_enum, default_value = "works")]
    profile: ProfileSwitch,
    /// Seconds until an access token expires.
    #[arg(long, default_value_t = 600)]
    token_lifetime_s: u64,
    /// A user of public links, who may not sign in here; may be given again.
    #[arg(long)]
    hidden_user: Vec<String>,
    /// A user who must choose a new password; may be given again.
    #[arg(long)]
    pass_change_user: Vec<String>,
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "tells where it listens")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let switches = Switches {
        version: arguments.version,
        session: arguments.session,
        session_delay_ms: arguments.session_delay_ms,
        profile: arguments.profile,
        token_lifetime_s: arguments.token_lifetime_s,
        hidden_users: arguments.hidden_user,
        pass_change_users: arguments.pass_change_user,
        ..Switches::default()
    };
    let stand_in = StandIn::listen(arguments.listen, switches).await?;
    println!("Cells stand-in on {}", stand_in.url());
    tokio::signal::ctrl_c().await?;
    Ok(())
}
