//! The container image and the compose file name only what exists.

use yaml_rust2::{Yaml, YamlLoader};

use crate::{at, cli, config, read};

/// One instruction of the Dockerfile, continued lines joined.
struct Instruction {
    word: String,
    rest: String,
}

impl Instruction {
    /// The words of a JSON list, such as `["kaquan", "doctor"]`, wherever it stands in the line.
    fn list(&self) -> Vec<String> {
        let start = self.rest.find('[').unwrap_or_else(|| panic!("no list in {}", self.rest));
        serde_json::from_str(&self.rest[start..]).unwrap()
    }
}

/// The stages of the Dockerfile in order, each from its `FROM`.
fn stages() -> Vec<Vec<Instruction>> {
    let text = read("Dockerfile");
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let mut stages: Vec<Vec<Instruction>> = Vec::new();
    for line in lines.join("\n").replace("\\\n", " ").lines() {
        let Some((word, rest)) = line.split_once(' ') else {
            continue;
        };
        if word == "FROM" {
            stages.push(Vec::new());
        }
        if let Some(stage) = stages.last_mut() {
            stage.push(Instruction { word: word.to_owned(), rest: rest.trim().to_owned() });
        }
    }
    stages
}

fn last(stage: &[Instruction], word: &str) -> Instruction {
    let found = stage.iter().rfind(|instruction| instruction.word == word);
    let found = found.unwrap_or_else(|| panic!("the last stage has no {word}"));
    Instruction { word: found.word.clone(), rest: found.rest.clone() }
}

fn compose() -> Yaml {
    YamlLoader::load_from_str(&read("docker-compose.yml")).unwrap().remove(0)
}

/// The services of the compose file that run our image, by name.
fn own_services(compose: &Yaml) -> Vec<(&str, &Yaml)> {
    let services = compose["services"].as_hash().unwrap();
    services
        .iter()
        .map(|(name, service)| (name.as_str().unwrap(), service))
        .filter(|(_, service)| service["image"].as_str() == Some("kaquan"))
        .collect()
}

fn words(list: &Yaml) -> Vec<String> {
    list.as_vec().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_copied_path_exists_and_is_sent_to_the_builder() {
    let sent = read(".dockerignore");
    let stages = stages();
    let copies = stages.iter().flatten().filter(|instruction| instruction.word == "COPY");

    for copy in copies {
        let words: Vec<&str> = copy.rest.split_whitespace().collect();
        let (_, sources) = words.split_last().unwrap();
        let from_stage = sources.iter().any(|word| word.starts_with("--from="));
        for source in sources.iter().filter(|word| !word.starts_with("--")) {
            if from_stage {
                // Other absolute paths are the base image's or made by a RUN.
                let Some(source) = source.strip_prefix("/src/") else {
                    continue;
                };
                assert!(at(source).exists(), "COPY {source}: not there");
                continue;
            }
            assert!(at(source).exists(), "COPY {source}: not there");
            assert!(sent.contains(&format!("!{source}\n")), "{source} is in .dockerignore");
        }
    }
}

#[test]
fn the_image_runs_as_nobody_special() {
    let stages = stages();
    let user = last(stages.last().unwrap(), "USER").rest;

    assert!(!user.starts_with("root") && !user.starts_with('0'), "USER {user}");
}

#[test]
fn the_image_starts_and_checks_itself_with_commands_that_exist() {
    let stages = stages();
    let image = stages.last().unwrap();

    assert_eq!(last(image, "ENTRYPOINT").list(), ["kaquan"]);
    cli::assert_known(&last(image, "CMD").list(), "Dockerfile CMD");
    let check = last(image, "HEALTHCHECK").list();
    assert_eq!(check[0], "kaquan");
    cli::assert_known(&check[1..], "Dockerfile HEALTHCHECK");
}

#[test]
fn the_image_sets_only_documented_settings() {
    let stages = stages();
    let image = stages.last().unwrap().iter();

    for env in image.filter(|instruction| instruction.word == "ENV") {
        for setting in env.rest.split_whitespace() {
            let (name, _) = setting.split_once('=').unwrap();
            config::assert_documented(name, "Dockerfile");
        }
    }
}

#[test]
fn compose_runs_commands_that_exist() {
    let compose = compose();
    let services = own_services(&compose);

    assert_eq!(services.len(), 2);
    for (name, service) in services {
        cli::assert_known(&words(&service["command"]), &format!("compose service {name}"));
    }
}

#[test]
fn compose_sets_only_documented_settings() {
    let compose = compose();

    for (name, service) in own_services(&compose) {
        for variable in service["environment"].as_hash().into_iter().flat_map(|hash| hash.keys()) {
            config::assert_documented(variable.as_str().unwrap(), name);
        }
    }
}

#[test]
fn compose_opens_ports_on_this_machine_alone() {
    let compose = compose();

    for (name, service) in compose["services"].as_hash().unwrap() {
        for port in service["ports"].as_vec().into_iter().flatten() {
            let port = port.as_str().unwrap();
            assert!(port.starts_with("127.0.0.1:"), "{name:?} publishes {port}");
        }
    }
}

#[test]
fn compose_names_services_and_volumes_that_it_declares() {
    let compose = compose();
    let services = compose["services"].as_hash().unwrap();

    for service in services.values() {
        for needed in service["depends_on"].as_hash().into_iter().flat_map(|hash| hash.keys()) {
            assert!(services.contains_key(needed), "depends_on {needed:?}");
            let check = &services[needed]["healthcheck"]["test"];
            assert!(!check.is_badvalue(), "{needed:?} is waited for without a health check");
        }
        for volume in service["volumes"].as_vec().into_iter().flatten() {
            let name = volume.as_str().unwrap().split(':').next().unwrap();
            let declared = compose["volumes"].as_hash().unwrap();
            assert!(declared.contains_key(&Yaml::String(name.to_owned())), "volume {name}");
        }
    }
}

#[test]
fn compose_holds_no_password() {
    let compose = compose();
    let password = &compose["services"]["postgres"]["environment"]["POSTGRES_PASSWORD"];
    let url = &compose["services"]["kaquan"]["environment"]["DATABASE_URL"];

    assert!(password.as_str().unwrap().starts_with("${POSTGRES_PASSWORD:?"));
    assert!(url.as_str().unwrap().contains(":${POSTGRES_PASSWORD:?"));
    let keys = &compose["services"]["kaquan"]["environment"]["KAQUAN__SECRETS__MASTER_KEYS"];
    assert!(keys.as_str().unwrap().starts_with("1 ${KAQUAN_MASTER_KEY:?"));
    assert!(read(".gitignore").lines().any(|line| line == ".env"));
}
