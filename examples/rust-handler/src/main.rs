use anyhow::Context;
use serde::{Deserialize, Serialize};
use wstd::http::{Body, Client, Error, Request, Response, StatusCode, Uri};

#[wstd::http_server]
async fn main(request: Request<Body>) -> Result<Response<Body>, Error> {
    match request.uri().path() {
        "/" => Ok(Response::new("Hello from Rust\n".into())),
        "/echo" => Ok(Response::new(request.into_body())),
        "/total" => total(request).await,
        "/fetch" => fetch(request).await,
        "/trap" => panic!("this was asked for"),
        _ => status(StatusCode::NOT_FOUND, "there is no such path\n"),
    }
}

#[derive(Deserialize)]
struct Order {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    price: u64,
    count: u64,
}

#[derive(Serialize)]
struct Total {
    items: usize,
    total: u64,
}

/// JSON in, JSON out.
async fn total(request: Request<Body>) -> Result<Response<Body>, Error> {
    let mut body = request.into_body();
    let Ok(order) = body.json::<Order>().await else {
        return status(StatusCode::BAD_REQUEST, "this is no order\n");
    };
    let total = order.items.iter().map(|item| item.price * item.count).sum();
    let answer = Body::from_json(&Total { items: order.items.len(), total })?;
    Ok(Response::builder().header("content-type", "application/json").body(answer)?)
}

/// Passes on what another server says, as it comes. Warren lets it reach what `[[outbound]]` lists.
async fn fetch(request: Request<Body>) -> Result<Response<Body>, Error> {
    let query = request.uri().query().context("say what: /fetch?http://…")?;
    let from: Uri = query.parse()?;
    match Client::new().send(Request::get(from).body(())?).await {
        Ok(answer) => Ok(Response::builder().status(answer.status()).body(answer.into_body())?),
        Err(error) => status(StatusCode::BAD_GATEWAY, &format!("{error}\n")),
    }
}

fn status(status: StatusCode, text: &str) -> Result<Response<Body>, Error> {
    Ok(Response::builder().status(status).body(text.into())?)
}
