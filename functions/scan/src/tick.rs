//! One invocation: a sweep, or the rehearsal of one.

use payonce_app::delay::Wheel;
use payonce_app::{App, WouldDo};
use payonce_lambda::Error;
use payonce_lambda::clock::{self, rfc3339};
use serde_json::{Value, json};

/// Sweeps, unless the event asks for a dry run. A schedule's event holds much that is not for us; a
/// dry run is asked for by a person, and a slip of the pen must not become a sweep.
pub(crate) async fn tick(app: &App, wheel: &Wheel, event: &Value) -> Result<Value, Error> {
    match event.get("dry_run") {
        None | Some(Value::Bool(false)) => sweep(app, wheel).await,
        Some(Value::Bool(true)) => Ok(rehearse(app).await),
        Some(_) => Err(Error::from("dry_run must be true or false")),
    }
}

async fn sweep(app: &App, wheel: &Wheel) -> Result<Value, Error> {
    let now = clock::now();
    // Beside each other and each within its own time: neither waits for the other's backlog.
    let (swept, turned, appeals) =
        tokio::join!(app.sweep(now), wheel.turn(now), app.sweep_appeals(now));
    if swept.shards_failed + turned.shards_failed + appeals.shards_failed > 0 {
        return Err(Error::from("a part of a due index could not be read"));
    }
    Ok(json!({
        "advanced": swept.advanced,
        "failed": swept.failed,
        "messages": swept.messages,
        "delayed_messages": { "invoked": turned.invoked, "messages": turned.messages },
        "appeals": { "invoked": appeals.invoked },
    }))
}

async fn rehearse(app: &App) -> Value {
    let rehearsal = app.rehearse(clock::now()).await;
    json!({
        "dry_run": true,
        "overdue": rehearsal.overdue,
        "messages": rehearsal.messages,
        "shards_failed": rehearsal.shards_failed,
        "would_do": rehearsal.would_do.iter().map(would_do).collect::<Vec<_>>(),
    })
}

fn would_do(one: &WouldDo) -> Value {
    let mut shown = json!({
        "payment_no": one.payment_no.to_string(),
        "due_at": rfc3339(one.due_at),
    });
    match &one.tasks {
        Ok(tasks) => {
            let task =
                |task: &payonce_domain::Task| json!({ "what": task.name(), "about": task.about() });
            shown["tasks"] = tasks.iter().map(task).collect();
        }
        Err(unreadable) => shown["unreadable"] = unreadable.as_str().into(),
    }
    shown
}
