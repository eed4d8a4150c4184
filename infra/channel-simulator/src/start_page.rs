//! The page at `/`: what this process is, and every order it knows, for people.

use std::sync::Arc;

use axum::{extract::State, response::Html};

use crate::{books::Order, html::escape, simulator::Simulator};

pub(crate) async fn show(State(simulator): State<Arc<Simulator>>) -> Html<String> {
    let rows: String = simulator.look(|world| {
        let now = world.now();
        world.books.known(now).map(row).collect()
    });
    Html(format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Channel simulator</title>\
         <style>body{{font:15px/1.5 system-ui,sans-serif;margin:2rem}}table{{border-collapse:collapse}}\
         td,th{{padding:.2rem .8rem;border-bottom:1px solid #ddd;text-align:left}}</style></head><body>\
         <h1>Channel simulator (渠道模拟器)</h1>\
         <p>It plays the payment channels: no real money moves here. Machines read \
         <a href=\"/_ctl/orders\">the books</a>, <a href=\"/_ctl/journal\">the journal</a> and \
         <a href=\"/_ctl/keys\">the keys</a>.</p>\
         <table><tr><th>Channel</th><th>Order</th><th>Subject</th><th>State</th>\
         <th>Ordered (fen)</th><th>Captured</th><th>Refunded</th></tr>{rows}</table></body></html>"
    ))
}

fn row(order: &Order) -> String {
    format!(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
        order.channel.name(),
        escape(&order.channel_order_no),
        escape(&order.subject),
        order.state.name(),
        order.amount,
        order.captured(),
        order.refunded(),
    )
}
