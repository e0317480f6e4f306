//! Languages.

use component_tests::scene::{Scene, link_in, props};
use plugin_tests::zoom::{Fault, Route};

/// A sentence without its link, which differs each time.
fn without_link(sentence: &str) -> String {
    let link = link_in(sentence).unwrap_or_default();
    sentence.replace(&link, "")
}

/// Each user gets the user's language. Posts in the channel have one language for all.
#[tokio::test(flavor = "multi_thread")]
async fn d36_each_user_gets_sentences_in_their_own_language() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let uwe = scene.person("uwe");
    let fay = scene.person("fay");
    {
        let mut world = scene.api.world();
        for (user, locale) in [(&uwe, "de"), (&fay, "tlh")] {
            world.users.get_mut(user).unwrap().locale = locale.to_owned();
        }
    }
    let town = scene.channel("town", &[&ann, &uwe, &fay]);
    for command in [
        "/zoom help",
        "/zoom dance",
        "/zoom start",
        "/zoom disconnect",
    ] {
        let english = scene.asks(&ann, &town, command).await;
        let german = scene.asks(&uwe, &town, command).await;
        assert_ne!(english, german, "{command}");
        let unknown = scene.asks(&fay, &town, command).await;
        assert_eq!(without_link(&unknown), without_link(&english), "{command}");
    }
    let german = scene.asks(&uwe, &town, "/zoom dance").await;
    assert!(german.contains("Unbekannter Befehl `dance`"), "{german}");
    scene.connects(&uwe, &town).await;
    let question = scene.types(&uwe, &town, "/zoom start").await.pop().unwrap();
    assert!(
        question.text().contains("Welche Meeting-ID"),
        "{}",
        question.text()
    );
    assert_eq!(scene.press(&question, "WithoutPMI").await.status, 200);
    let changed = scene.api.world().ephemeral_changes.pop().unwrap();
    assert!(format!("{:?}", changed.1).contains("Meeting-ID"));
    let post = scene.posts(&town).pop().unwrap();
    assert_eq!(post.message, "I have started a meeting");
}

/// Parts of the sentences in one language.
struct Words {
    locale: &'static str,
    help: &'static str,
    unknown: &'static str,
    connect: &'static str,
    question: &'static str,
    personal: &'static str,
    unreachable: &'static str,
    minutes: &'static str,
    recent: &'static str,
}

const LANGUAGES: [Words; 6] = [
    Words {
        locale: "en",
        help: "Show this help",
        unknown: "Unknown command `dance`",
        connect: "[Connect your Zoom account](",
        question: "Which meeting ID do you want",
        personal: "Use my Personal Meeting ID",
        unreachable: "Zoom could not be reached",
        minutes: "in 3 minutes.",
        recent: "recently started a Zoom meeting",
    },
    Words {
        locale: "de",
        help: "Diese Hilfe anzeigen",
        unknown: "Unbekannter Befehl `dance`",
        connect: "[Verbinde dein Zoom-Konto](",
        question: "Welche Meeting-ID möchtest du",
        personal: "Meine persönliche Meeting-ID verwenden",
        unreachable: "Zoom war nicht erreichbar",
        minutes: "in 3 Minuten erneut",
        recent: "vor Kurzem ein Zoom-Meeting gestartet",
    },
    Words {
        locale: "es",
        help: "Mostrar esta ayuda",
        unknown: "Comando desconocido: `dance`",
        connect: "[Conecta tu cuenta de Zoom](",
        question: "¿Qué ID quieres usar",
        personal: "Usar mi ID personal de reunión",
        unreachable: "No se pudo contactar con Zoom",
        minutes: "dentro de 3 minutos.",
        recent: "inició hace poco una reunión de Zoom",
    },
    Words {
        locale: "fr",
        help: "Afficher cette aide",
        unknown: "Commande inconnue\u{a0}: `dance`",
        connect: "[Connectez votre compte Zoom](",
        question: "Quel ID voulez-vous utiliser",
        personal: "Utiliser mon ID de réunion personnelle",
        unreachable: "Zoom est injoignable",
        minutes: "dans 3 minutes.",
        recent: "a démarré récemment une réunion Zoom",
    },
    Words {
        locale: "ja",
        help: "このヘルプを表示する",
        unknown: "不明なコマンドです：`dance`",
        connect: "[Zoomアカウントを接続してください](",
        question: "どのミーティングIDを使用しますか",
        personal: "自分のパーソナルミーティングIDを使用",
        unreachable: "Zoomに接続できない",
        minutes: "3分後に",
        recent: "がこのチャンネルでZoomミーティングを開始しました",
    },
    Words {
        locale: "zh-CN",
        help: "显示此帮助",
        unknown: "未知命令：`dance`",
        connect: "[连接您的 Zoom 账户](",
        question: "使用哪个会议号",
        personal: "使用我的个人会议号",
        unreachable: "无法连接到 Zoom",
        minutes: "在 3 分钟后重试",
        recent: "最近在此频道中开始了一个 Zoom 会议",
    },
];

/// Answers of commands, the connect prompt, the question, an error, a number, and a warning.
#[tokio::test(flavor = "multi_thread")]
async fn f38_the_bot_speaks_the_readers_language() {
    let scene = Scene::start().await;
    for words in &LANGUAGES {
        let locale = words.locale;
        let tag = locale.to_lowercase().replace('-', "");
        let reader = scene.person(&format!("reader{tag}"));
        scene.api.world().users.get_mut(&reader).unwrap().locale = locale.to_owned();
        let town = scene.channel(&format!("town{tag}"), &[&reader]);
        let reads = async |command: &str, part: &str| {
            let told = scene.asks(&reader, &town, command).await;
            assert!(told.contains(part), "{locale}: {part} is not in: {told}");
        };

        reads("/zoom help", words.help).await;
        reads("/zoom dance", words.unknown).await;
        reads("/zoom start", words.connect).await;
        scene.connects(&reader, &town).await;

        let question = scene.types(&reader, &town, "/zoom start").await;
        let question = question.last().unwrap();
        assert!(question.text().contains(words.question), "{locale}");
        let buttons = &props(&question.post)["attachments"][0]["actions"];
        assert_eq!(buttons[0]["name"], words.personal);
        let down = Fault::Status(500, Vec::new(), String::new());
        scene.zoom.fail_next(Route::CreateMeeting, down);
        let mark = scene.api.world().ephemerals.len();
        scene.press(question, "WithoutPMI").await;
        let told = scene.told_since(mark).pop().unwrap().text();
        assert!(told.contains(words.unreachable), "{locale}: {told}");

        scene
            .zoom
            .fail_next(Route::CreateMeeting, Fault::rate_limited(121));
        reads("/zoom start", words.minutes).await;
        assert_eq!(scene.asks(&reader, &town, "/zoom start").await, "");
        reads("/zoom start", words.recent).await;

        let post = scene.posts(&town).pop().unwrap();
        assert_eq!(post.message, "I have started a meeting", "{locale}");
    }
}

/// Traditional characters, and languages without a catalog.
#[tokio::test(flavor = "multi_thread")]
async fn f38_readers_of_other_languages_get_english() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    let english = scene.asks(&ann, &town, "/zoom help").await;
    for locale in ["zh-TW", "ko", "pt-BR", ""] {
        scene.api.world().users.get_mut(&ann).unwrap().locale = locale.to_owned();
        let told = scene.asks(&ann, &town, "/zoom help").await;
        assert_eq!(told, english, "{locale}");
    }
}
