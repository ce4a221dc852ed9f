//! Browsers that go away in the middle of a request.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::support;

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_has_sent_is_carried_out_when_they_leave_before_the_answer() {
    let app = support::app().await;
    let mut rep = app.rep().await;
    let mut other = app.pool().begin().await.unwrap();
    sqlx::query("lock table leads in share row exclusive mode").execute(&mut *other).await.unwrap();

    let form = [("last_name", "Quint"), ("email", "quint@example.com"), ("source", "web")];
    let answer = timeout(Duration::from_millis(300), rep.post("/leads", &form)).await;
    assert!(answer.is_err(), "the answer has to wait for the lock, so this person left without it");
    other.commit().await.unwrap();

    let mut added = 0;
    for _ in 0..100 {
        added = app.value::<i64>("select count(*) from leads where email = 'quint@example.com'").await;
        if added == 1 {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(added, 1, "leads added by a person who left");
}
