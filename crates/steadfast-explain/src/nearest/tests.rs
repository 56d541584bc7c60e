use super::*;

fn ids(found: &[&'static Entry]) -> Vec<&'static str> {
    found.iter().map(|entry| entry.id).collect()
}

#[test]
fn a_slip_of_the_pen_finds_its_identifier_and_noise_finds_nothing() {
    assert_eq!(ids(&nearest("conection-refused")).first(), Some(&"connection-refused"));
    assert_eq!(ids(&nearest("CONNECTION_REFUSED")).first(), Some(&"connection-refused"));
    assert!(nearest("bananas").is_empty());
    assert!(nearest("").is_empty());
    assert!(nearest(&"x-".repeat(100_000)).len() <= MOST);
}
