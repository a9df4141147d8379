//! What the client knows of a type's values, held against a server: the canonical text is what the server
//! writes of a value however it was spelled, the same whether it was loaded as csv, text or binary, and what
//! the client calls wrong the server refuses.

#[path = "../common/mod.rs"]
mod common;
mod kinds;
mod proof;
mod random;

use bulkbench::dataset::Dataset;
use bulkbench::interrupt::Interrupt;
use proof::Proof;

fn with_server(prove: impl FnOnce(&mut Proof)) {
    let dir = common::world_readable_tempdir();
    let dataset = Dataset::generated(&dir.path().join("data"), 10, 1, &Interrupt::new()).unwrap();
    let server = common::local(&dataset);
    prove(&mut Proof::new(Box::new(server.connector().connect().unwrap())));
    server.stop().unwrap();
}

#[test]
fn edge_values_are_the_server_s_in_every_format() {
    with_server(proof::edges);
}

#[test]
fn random_values_are_the_server_s_in_every_format() {
    with_server(|proof| proof::random_values(proof, 3000));
}

#[test]
fn random_arrays_are_the_server_s_in_every_format() {
    with_server(|proof| proof::random_arrays(proof, 600));
}

#[test]
fn spoiled_values_are_refused_only_where_the_server_refuses_them() {
    with_server(|proof| proof::spoiled_values(proof, 3000));
}

#[test]
fn no_text_makes_the_client_panic() {
    proof::any_text(20_000);
}
