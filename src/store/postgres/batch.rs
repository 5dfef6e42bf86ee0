//! One batch over one connection, in as few round trips as there can be.

use std::pin::Pin;

use deadpool_postgres::Client;
use futures_util::future::{FutureExt as _, MaybeDone, maybe_done};
use futures_util::{TryStreamExt as _, pin_mut};
use tokio_postgres::Error;

use super::failure::Failure;
use super::values::columns;
use crate::store::StoreError;
use crate::store::db::{Rows, Statement, Value};

/// Runs `statements`. With `takes_turn`, after everybody else who takes a turn.
pub(super) async fn run(
    client: &Client,
    statements: &[Statement],
    takes_turn: bool,
) -> Result<Option<Vec<Rows>>, Failure> {
    if let [statement] = statements
        && statement.is_read()
        && statement.need.is_none()
    {
        let plan = prepare(client, statement).await?;
        return Ok(Some(vec![execute(client, &plan, statement).await?]));
    }
    if statements.iter().any(changes_the_schema) {
        return one_by_one(client, statements).await;
    }
    let mut plans = Vec::with_capacity(statements.len());
    for statement in statements {
        plans.push(prepare(client, statement).await?);
    }
    let begin = beginning(statements, takes_turn);
    // All statements are sent at once. Each waits for its predecessors on the server, and none is
    // run after one that failed.
    let begun = send(client.batch_execute(begin));
    let mut answers = Vec::with_capacity(statements.len());
    for (plan, statement) in plans.iter().zip(statements) {
        answers.push(send(execute(client, plan, statement)));
    }
    let ends_by_itself = statements.iter().all(|statement| statement.need.is_none());
    let committed = ends_by_itself.then(|| send(client.batch_execute("COMMIT")));

    let gathered = match outcome(begun).await {
        Ok(()) => gather(answers, statements).await,
        Err(failure) => Err(failure),
    };
    match (gathered, committed) {
        (Ok(Some(rows)), committed) => {
            match committed {
                Some(committed) => outcome(committed).await?,
                None => client.batch_execute("COMMIT").await?,
            }
            Ok(Some(rows))
        }
        (Ok(None), _) => {
            client.batch_execute("ROLLBACK").await?;
            Ok(None)
        }
        // Its end was sent along; after a failure it undoes everything.
        (Err(failure), Some(committed)) => {
            drop(outcome(committed).await);
            Err(failure)
        }
        (Err(failure), None) => {
            client.batch_execute("ROLLBACK").await?;
            Err(failure)
        }
    }
}

fn beginning(statements: &[Statement], takes_turn: bool) -> &'static str {
    if statements.iter().all(Statement::is_read) {
        return "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    }
    if takes_turn {
        // Taking the lock makes no snapshot, so what is read afterwards is what those before left.
        return "BEGIN ISOLATION LEVEL SERIALIZABLE; \
                LOCK TABLE schema_versions IN SHARE ROW EXCLUSIVE MODE";
    }
    "BEGIN ISOLATION LEVEL SERIALIZABLE"
}

/// What the statements brought; `None` when one did not get the rows it needs. The first one that
/// failed or did not get them decides.
async fn gather<F>(
    answers: Vec<Sent<F>>,
    statements: &[Statement],
) -> Result<Option<Vec<Rows>>, Failure>
where
    F: Future<Output = Result<Rows, Error>>,
{
    let mut gathered = Vec::with_capacity(answers.len());
    let mut answers = answers.into_iter().zip(statements);
    let mut decided = None;
    for (answer, statement) in answers.by_ref() {
        match outcome(answer).await {
            Ok(rows) if statement.need.is_some_and(|need| need != rows.count()) => {
                decided = Some(Ok(None));
            }
            Ok(rows) => gathered.push(rows),
            Err(failure) => decided = Some(Err(failure)),
        }
        if decided.is_some() {
            break;
        }
    }
    // Those after it were sent as well, and are answered in any case.
    for (answer, _) in answers {
        drop(outcome(answer).await);
    }
    decided.unwrap_or(Ok(Some(gathered)))
}

/// A step of a migration may need what the one before it made, even to be understood.
async fn one_by_one(
    client: &Client,
    statements: &[Statement],
) -> Result<Option<Vec<Rows>>, Failure> {
    client
        .batch_execute("BEGIN; SET LOCAL lock_timeout = '60s'; SET LOCAL statement_timeout = 0")
        .await?;
    let mut gathered = Vec::with_capacity(statements.len());
    for statement in statements {
        let types: Vec<_> = statement.args.iter().map(Value::parameter_type).collect();
        let answer = match client.prepare_typed(&statement.sql, &types).await {
            Ok(plan) => execute(client, &plan, statement).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(rows) if statement.need.is_some_and(|need| need != rows.count()) => {
                client.batch_execute("ROLLBACK").await?;
                return Ok(None);
            }
            Ok(rows) => gathered.push(rows),
            Err(error) => {
                client.batch_execute("ROLLBACK").await?;
                return Err(error.into());
            }
        }
    }
    client.batch_execute("COMMIT").await?;
    Ok(Some(gathered))
}

fn changes_the_schema(statement: &Statement) -> bool {
    let mut lines = statement.sql.lines().map(str::trim_start);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with("--"));
    first.is_some_and(|line| {
        ["CREATE ", "ALTER ", "DROP "]
            .iter()
            .any(|verb| line.starts_with(verb))
    })
}

async fn prepare(
    client: &Client,
    statement: &Statement,
) -> Result<tokio_postgres::Statement, Error> {
    let types: Vec<_> = statement.args.iter().map(Value::parameter_type).collect();
    client.prepare_typed_cached(&statement.sql, &types).await
}

async fn execute(
    client: &Client,
    plan: &tokio_postgres::Statement,
    statement: &Statement,
) -> Result<Rows, Error> {
    let answer = client.query_raw(plan, &statement.args).await?;
    pin_mut!(answer);
    let mut rows = Vec::new();
    while let Some(row) = answer.try_next().await? {
        rows.push(columns(&row)?);
    }
    if plan.columns().is_empty() {
        let n_affected = answer.rows_affected().unwrap_or_default();
        return Ok(Rows::changed(
            usize::try_from(n_affected).unwrap_or(usize::MAX),
        ));
    }
    Ok(Rows::returned(rows))
}

/// Something that was sent to the server, and whose answer nobody has waited for yet.
type Sent<F> = Pin<Box<MaybeDone<F>>>;

/// Sends: the client library does so when what it returned is polled for the first time.
fn send<F: Future>(work: F) -> Sent<F> {
    let mut sent = Box::pin(maybe_done(work));
    // Polled again, with somebody who waits, by `outcome`.
    let _not_waited_for: Option<()> = sent.as_mut().now_or_never();
    sent
}

/// The answer to what was sent.
async fn outcome<F: Future<Output = Result<T, Error>>, T>(mut sent: Sent<F>) -> Result<T, Failure> {
    sent.as_mut().await;
    let outcome = sent.as_mut().take_output();
    outcome.map_or(Err(Failure::Lost(StoreError::Stopped)), |outcome| {
        outcome.map_err(Failure::from)
    })
}
