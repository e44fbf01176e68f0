//! The data can be read, names only what is there, and keys are taken apart in the right place.

use std::collections::BTreeSet;

use super::*;

#[test]
fn every_case_can_be_read_and_has_a_name_of_its_own() {
    for gateway in [Gateway::Zvcms, Gateway::Yoho] {
        let cases = gateway.read().unwrap();

        let names: BTreeSet<_> = cases.iter().map(|case| &case.name).collect();
        assert_eq!(names.len(), cases.len());
        assert!(cases.len() >= 60, "{} has {} cases", gateway.name(), cases.len());
    }
}

#[test]
fn every_request_and_every_expectation_can_be_read() {
    for gateway in [Gateway::Zvcms, Gateway::Yoho] {
        for case in gateway.read().unwrap() {
            for step in &case.steps {
                let expect = serde_json::from_value::<case::Expect>(step.expect.clone());
                assert!(expect.is_ok(), "{}: {:?}", case.name, expect.err());
                let send = serde_json::Value::Object(step.send.clone());
                let wrong = match gateway {
                    Gateway::Zvcms => serde_json::from_value::<zvcms::Send>(send).err(),
                    Gateway::Yoho => serde_json::from_value::<yoho::Send>(send).err(),
                };
                assert!(wrong.is_none(), "{}: {wrong:?}", case.name);
            }
        }
    }
}

/// What stands between `before` and the next mark that ends a word.
fn words_after<'a>(source: &'a str, before: &str) -> BTreeSet<&'a str> {
    let after = source.split(before).skip(1);
    after.filter_map(|rest| rest.split(['}', '.', '+', '-', '"']).next()).collect()
}

fn acts_in(source: &str, name: &str) -> bool {
    [format!("${{{name}}}"), format!("${{#{name}}}")].iter().any(|word| source.contains(word))
}

#[test]
fn every_case_needs_what_it_names_and_only_what_there_is() {
    let plan = plan::read().unwrap();
    for gateway in [Gateway::Zvcms, Gateway::Yoho] {
        let clients = &plan.clients[gateway.name()];
        let grants = clients.values().flat_map(|client| client.grants.keys());
        let mut known: BTreeSet<&str> = ["expired", "page", "main"].into();
        known.extend(plan.templates.keys().map(String::as_str));
        known.extend(plan.people.keys().chain(plan.cast.keys()).map(String::as_str));
        known.extend(clients.keys().chain(grants).map(String::as_str));
        for (case, source) in gateway.read().unwrap().iter().zip(gateway.cases().lines()) {
            let needs: BTreeSet<&str> = case.needs.iter().map(String::as_str).collect();
            for piece in &needs {
                assert!(known.contains(piece), "{}: there is no {piece}", case.name);
            }
            let mut named = words_after(source, "${t.");
            named.extend(words_after(source, "${#t."));
            named.extend(words_after(source, "${g."));
            named.extend(words_after(source, "\"template\":\""));
            named.extend(words_after(source, "\"caller\":\""));
            // Without any fixtures `${nobody}` is there, and nobody else.
            if case.needs_something() {
                let people = plan.people.keys().chain(plan.cast.keys());
                named.extend(people.map(String::as_str).filter(|name| acts_in(source, name)));
            }
            let missing: Vec<_> = named.difference(&needs).collect();
            assert!(missing.is_empty(), "{} does not need {missing:?}", case.name);
        }
    }
}

#[test]
fn keys_are_read_from_their_ends() {
    use secrecy::ExposeSecret;

    let zvcms = Gateway::Zvcms.credentials("id:a:b@c@grant").unwrap();
    let yoho = Gateway::Yoho.credentials("iphone:a:b:salt").unwrap();

    let parts = |key: &Credentials| {
        (key.name.clone(), key.secret.expose_secret().to_owned(), key.beside.clone())
    };
    assert_eq!(parts(&zvcms), ("id".into(), "a:b@c".into(), "grant".into()));
    assert_eq!(parts(&yoho), ("iphone".into(), "a:b".into(), "salt".into()));
    assert!(Gateway::Zvcms.credentials("id:secret").is_err());
}
