//! The hello against the published vector, against a real responder, and against forgeries.

use prost::Message;

use super::symmetric::pair;
use super::{HandshakeMessage, Hello, Proof, Responder, framed};

/// Made with Python's `cryptography` from the public clients' code: client key 0x11×32, server keys 0x22×32 and 0x33×32.
const CLIENT: &str =
    "5741060300002412220a207b4e909bbe7ffe44c465a220037d608ee35897d31ef972f07f74892cb0f73f13";
const SERVER: &str = "00015a1ad7020a200faa684ed28867b97f4a6a2dee5df8ce974e76b7018e3f22a1c4cf2678570f20123083be4718bc8739c3ea26ed6075c008d2f47a152fcbe9837641dc39e08b096889d6fa21589c04e73d4ffca99288dea2af1a8002464b99845fd00f41f424867ff1cbb1d7b8ea0eacd9d2f3d09651b578b474d3a1898c53bb903f0ea8085b159c683023183f4ef5a8defb55e0e02c912045e1f71bb8e69a4f29fe711175b4021857fba98ac964521bd22bd1b79db4c15ccd76ab6bafeb5ea6f794a1e82fb66d0be92efc59b6d01a4c11476daa48c5301e3e74087e58b56d38caadad088239a91275c96380bb3865b967f65b5edc4266fc016aee9bc825e895c541938d6dc1c2313e7a396def4389597c72e3821651f0482d548e4562ecd1661f8a292b555dcfac7b19e6758fcc2063d29973b92a156ee7a293d72ff6c58a2a0b61c6167137cd0da17f9fc43daa7cb5070c4b4c72ac71c9edd89ab0";
const HASH: &str = "f6605a1fe4b2fc8783263957042c97f4df05c13cdcb1e6814d32a415b742b6e6";

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

fn fixed() -> Hello {
    let (hello, first) = Hello::with(3, pair(&[0x11; 32]).unwrap()).unwrap();
    assert_eq!(first, bytes(CLIENT));
    hello
}

fn read_vector() -> Proof {
    fixed().feed(&bytes(SERVER)).unwrap().unwrap()
}

#[test]
fn the_vector_is_read() {
    let proof = read_vector();
    assert_eq!(proof.key, pair(&[0x33; 32]).unwrap().pubkey());
    assert_eq!(proof.hash.to_vec(), bytes(HASH));
    assert_eq!(proof.certificates.len(), 256 - 16);
}

#[test]
fn the_vector_is_written() {
    let responder = Responder::new([0x33; 32], read_vector().certificates);
    let frame = responder
        .answer_with(&bytes(CLIENT), pair(&[0x22; 32]).unwrap())
        .unwrap();
    assert_eq!(frame, bytes(SERVER));
}

#[test]
fn every_hello_has_a_fresh_key_and_proves_the_servers() {
    let responder = Responder::new([7; 32], b"chain".to_vec());
    let (mut one, first) = Hello::new(2).unwrap();
    let (_, second) = Hello::new(2).unwrap();
    assert_eq!((first.len(), &first[..4]), (43, &b"WA\x06\x02"[..]));
    assert_ne!(first, second);
    let proof = one
        .feed(&responder.answer(&first).unwrap())
        .unwrap()
        .unwrap();
    assert_eq!(proof.key, pair(&[7; 32]).unwrap().pubkey());
    assert_eq!(proof.certificates, b"chain");
}

#[test]
fn a_frame_may_come_in_any_pieces() {
    for size in [1, 2, 3, 100, 349] {
        let mut hello = fixed();
        let mut proofs = bytes(SERVER)
            .chunks(size)
            .map(|piece| hello.feed(piece).unwrap())
            .collect::<Vec<_>>();
        assert_eq!(
            proofs.pop().unwrap().unwrap(),
            read_vector(),
            "pieces of {size}"
        );
        assert!(proofs.iter().all(Option::is_none));
    }
    let two = [bytes(SERVER), vec![0, 0, 1, 9]].concat();
    assert!(fixed().feed(&two).unwrap().is_some());
}

#[test]
fn no_byte_of_the_answer_can_be_changed() {
    let good = bytes(SERVER);
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert!(
            !matches!(fixed().feed(&bad), Ok(Some(proof)) if proof == read_vector()),
            "byte {at}"
        );
    }
    let (mut other, _) = Hello::new(3).unwrap();
    assert!(other.feed(&good).is_err(), "an answer to someone else");
    let (mut header, _) = Hello::with(2, pair(&[0x11; 32]).unwrap()).unwrap();
    assert!(header.feed(&good).is_err(), "an answer to another header");
}

#[test]
fn hostile_frames_are_refused() {
    let edited = |edit: fn(&mut super::ServerHello)| {
        let mut message = HandshakeMessage::decode(&bytes(SERVER)[3..]).unwrap();
        edit(message.server_hello.as_mut().unwrap());
        framed(&message)
    };
    for bad in [
        vec![0, 0, 0],
        vec![0, 0, 1, 0xff],
        vec![1, 0, 1],
        vec![0, 0xff, 0xff, 0xff]
            .into_iter()
            .chain([0; 70_000])
            .collect(),
        framed(&HandshakeMessage {
            client_hello: None,
            server_hello: None,
        }),
        edited(|hello| hello.ephemeral = None),
        edited(|hello| hello.ephemeral = Some(vec![1; 31])),
        edited(|hello| hello.r#static = Some(vec![1; 47])),
        edited(|hello| hello.r#static = Some(vec![1; 48])),
        edited(|hello| hello.payload = None),
        edited(|hello| hello.payload = Some(vec![1; 15])),
    ] {
        assert!(
            fixed().feed(&bad).is_err(),
            "{:?}",
            &bad[..bad.len().min(20)]
        );
    }
    let responder = Responder::new([7; 32], vec![]);
    let good = bytes(CLIENT);
    assert!(responder.answer(&good[..42]).is_err());
    assert!(responder.answer(b"GET / HTTP/1.1").is_err());
    assert!(responder.answer(b"WA").is_err());
}
