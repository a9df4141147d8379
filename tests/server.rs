//! Servers brought up for real: what they leave, how they fail, what they say of themselves.

use bulkbench::interrupt::Interrupt;
use bulkbench::server::{Choice, Options, Server, open};

#[test]
fn smoke() {
    let t = std::time::Instant::now();
    let options = Options { id: "smoke".into(), ..Options::default() };
    let mut server: Box<dyn Server> = open(&Choice::Local, &options, &Interrupt::new()).unwrap();
    println!("{:?}", t.elapsed());
    println!("{:#?} {:?}", server.facts(), server.warnings());
    println!("{:?}", server.cpu_time().unwrap());
    let mut s = server.connector().connect().unwrap();
    s.batch_execute("create table t as select g from generate_series(1,300000) g").unwrap();
    println!("{:?}", server.cpu_time().unwrap());
    let t = std::time::Instant::now();
    server.apply(&[("wal_level".to_string(), "minimal".to_string())].into()).unwrap();
    println!("apply {:?}", t.elapsed());
    println!("{:?}", server.cpu_time().unwrap());
    println!("{:#}", server.apply(&[("shared_buffers".to_string(), "lots".to_string())].into()).unwrap_err());
    println!("{:?}", server.died());
    server.apply(&Default::default()).unwrap();
    println!(
        "{:?} {:?}",
        server.died(),
        server.refuses(&[("sharedbuffers".to_string(), "lots".to_string())].into())
    );
    let t = std::time::Instant::now();
    server.stop().unwrap();
    println!("stop {:?}", t.elapsed());
}
