//! German.

use super::Message;

pub(super) fn template(message: Message) -> &'static str {
    match message {
        Message::ConfigLog => {
            "Zoom ist noch nicht eingerichtet. In Systemkonsole > Plugins > Zoom: {problems}."
        }
        Message::ConfigAdmin => {
            "Zoom ist noch nicht eingerichtet. Bitte in **Systemkonsole > Plugins > Zoom** nachholen; danach geht es sofort:\n{problems}"
        }
        Message::ConfigUser => {
            "Zoom ist auf diesem Server noch nicht eingerichtet. Bitte bitten Sie die Systemadministration, die Einrichtung abzuschließen."
        }
        Message::ConfigSiteUrl => {
            "SiteURL ist leer: geben Sie die Adresse dieses Servers unter Umgebung > Webserver ein"
        }
        Message::ConfigZoomUrl => {
            "ZoomURL ist keine Webadresse: geben Sie die Adresse Ihres eigenen Zoom ein, etwa https://zoom.example.com, oder lassen Sie das Feld leer"
        }
        Message::ConfigZoomApiUrl => {
            "ZoomAPIURL ist keine Webadresse: geben Sie die Adresse der API Ihres eigenen Zoom ein, etwa https://api.zoom.example.com/v2, oder lassen Sie das Feld leer"
        }
        Message::ConfigClientId => {
            "OAuthClientID ist leer: geben Sie die Client-ID Ihrer Zoom-App ein"
        }
        Message::ConfigClientSecret => {
            "OAuthClientSecret ist leer: geben Sie das Client-Geheimnis Ihrer Zoom-App ein"
        }
        Message::ConfigEncryptionKey => "EncryptionKey ist leer: wählen Sie daneben Neu erzeugen",
        Message::ConfigEncryptionKeyLength => {
            "EncryptionKey muss 16, 24 oder 32 Byte lang sein: wählen Sie daneben Neu erzeugen; alle verbinden sich danach neu"
        }
        Message::ConfigWebhookSecret => {
            "WebhookSecret ist leer: wählen Sie daneben Neu erzeugen und tragen Sie die neue Adresse in der Zoom-App ein"
        }
        Message::ConfigZoomWebhookSecret => {
            "ZoomWebhookSecret ist leer: geben Sie das Secret Token Ihrer Zoom-App ein, damit sich Nachrichten als von Zoom stammend erweisen lassen"
        }
        Message::ConfigUnproved => {
            "AccountLevelApp ist eingeschaltet, deshalb werden Personen über ihre E-Mail-Adressen bei Zoom gefunden, und dieser Server verlangt keinen Nachweis, dass eine Adresse einem gehört: wer eine fremde Adresse einträgt, kann Meetings im Namen dieser Person starten. Schalten Sie E-Mail-Bestätigung erforderlich unter Systemkonsole > Authentifizierung > E-Mail ein, oder lassen Sie Ihren Anmeldedienst über Adressen bestimmen."
        }
        Message::BotDescription => "Vom Zoom-Plugin angelegt.",
        Message::ActivateBot => {
            "Das Zoom-Plugin konnte sein Bot-Konto nicht anlegen. Prüfen Sie, ob die Datenbank antwortet, und aktivieren Sie das Plugin erneut."
        }
        Message::ActivateCommand => {
            "Das Zoom-Plugin konnte seinen Slash-Befehl nicht anmelden. Aktivieren Sie das Plugin erneut; hilft das nicht, sehen Sie ins Serverprotokoll."
        }
        Message::CommandDescription => "Verfügbare Befehle: {commands}",
        Message::CommandWrongTrigger => "Das ist kein Zoom-Befehl. Versuchen Sie `/zoom help`.",
        Message::CommandNoAction => {
            "Bitte sagen Sie, was geschehen soll, etwa `/zoom start`. `/zoom help` zeigt, was es gibt."
        }
        Message::CommandUnknown => "Unbekannte Aktion {action}. `/zoom help` zeigt, was es gibt.",
        Message::HelpTitle => "###### Zoom - Hilfe zum Slash-Befehl",
        Message::HelpStart => "Startet ein Zoom-Meeting; das Thema ist freiwillig",
        Message::HelpConnect => "Verbindet Ihr Zoom-Konto",
        Message::HelpDisconnect => "Trennt Ihr Zoom-Konto",
        Message::HelpSettings => {
            "Wählt zwischen Ihrer persönlichen Meeting-ID und jedes Mal einer neuen"
        }
        Message::HelpSubscription => "Diesen Kanal von einem Meeting hören lassen.",
        Message::HelpSubscriptionAdd => "Jeden Termin eines Meetings in diesem Kanal ankündigen.",
        Message::HelpSubscriptionRemove => "Ein Meeting hier nicht mehr ankündigen.",
        Message::HelpSubscriptionList => "Ihre Abonnements und deren Kanäle auflisten.",
        Message::HelpChannelSettings => "Meetings in diesem Kanal erlauben oder verbieten.",
        Message::HelpChannelSettingsList => "Kanäle mit eigener Einstellung auflisten.",
        Message::HelpHelp => "Zeigt diese Hilfe",
        Message::ConnectLink => {
            "Ihr Zoom-Konto ist noch nicht verbunden. [Klicken Sie hier, um Ihr Zoom-Konto zu verbinden]({url}). Der Link gilt fünf Minuten."
        }
        Message::ConnectLinkForEverybody => {
            "Zoom ist mit diesem Server noch nicht verbunden. [Klicken Sie hier, um das Zoom-Konto Ihrer Organisation zu verbinden]({url}), für alle. Der Link gilt fünf Minuten."
        }
        Message::AskToConnect => {
            "Zoom ist mit diesem Server noch nicht verbunden. Bitte bitten Sie die Systemadministration, `/zoom connect` einzugeben."
        }
        Message::AlreadyConnectedForEverybody => {
            "Das Zoom-Konto Ihrer Organisation ist bereits verbunden. Für ein anderes Konto geben Sie zuerst `/zoom disconnect` ein."
        }
        Message::AlreadyConnected => {
            "Sie sind bereits als {email} mit Zoom verbunden. Für ein anderes Konto geben Sie zuerst `/zoom disconnect` ein."
        }
        Message::Connected => {
            "Ihr Zoom-Konto {email} ist verbunden. Starten Sie ein Meeting mit `/zoom start`."
        }
        Message::ConnectedForEverybody => {
            "Das Zoom-Konto Ihrer Organisation ist verbunden, durch {email}. Alle, deren E-Mail-Adresse hier und bei Zoom dieselbe ist, können nun `/zoom start` eingeben."
        }
        Message::ConnectedForEverybodyUnnamed => {
            "Das Zoom-Konto Ihrer Organisation ist verbunden. Alle, deren E-Mail-Adresse hier und bei Zoom dieselbe ist, können nun `/zoom start` eingeben."
        }
        Message::AddressesUnproved => {
            "Bitte beachten Sie: dieser Server verlangt keinen Nachweis, dass eine E-Mail-Adresse einem gehört, und über sie werden Personen bei Zoom gefunden. Damit niemand Meetings im Namen anderer startet, schalten Sie **E-Mail-Bestätigung erforderlich** unter **Systemkonsole > Authentifizierung > E-Mail** ein."
        }
        Message::DisconnectedForEverybody => {
            "Das Zoom-Konto Ihrer Organisation ist getrennt, für alle."
        }
        Message::DisconnectedNotRevoked => {
            "Das Zoom-Konto ist hier getrennt, aber Zoom hat es nicht bestätigt. Um sicherzugehen, entfernen Sie die App unter https://marketplace.zoom.us/user/installed."
        }
        Message::Disconnected => "Ihr Zoom-Konto ist getrennt.",
        Message::NotConnectedYet => {
            "Sie sind nicht mit Zoom verbunden; es gibt nichts zu trennen. Zum Verbinden geben Sie `/zoom connect` ein."
        }
        Message::NotConnectedYetForEverybody => {
            "Mit diesem Server ist kein Zoom-Konto verbunden; es gibt nichts zu trennen. Zum Verbinden geben Sie `/zoom connect` ein."
        }
        Message::Deauthorized => {
            "Die App wurde aus Ihrem Zoom-Konto entfernt; damit ist Ihre Verbindung mit Zoom beendet, und alles, was hier darüber gespeichert war, ist gelöscht. Für eine neue Verbindung geben Sie in einem beliebigen Kanal `/zoom connect` ein."
        }
        Message::DeauthorizedForEverybody => {
            "Die App wurde aus dem Zoom-Konto Ihrer Organisation entfernt; damit ist die Verbindung mit Zoom für alle auf diesem Server beendet. Für eine neue geben Sie in einem beliebigen Kanal `/zoom connect` ein."
        }
        Message::OauthAdminsOnly => {
            "Nur die Systemadministration kann diesen Server mit Zoom verbinden. Bitte bitten Sie sie, /zoom connect einzugeben."
        }
        Message::OauthExpired => {
            "Dieser Link ist abgelaufen oder wurde schon benutzt. Geben Sie in Mattermost /zoom connect ein, um einen neuen zu erhalten."
        }
        Message::OauthMismatch => {
            "Diese Antwort von Zoom gehört nicht zu dem Link, den Sie zuletzt geöffnet haben. Geben Sie in Mattermost /zoom connect ein, um einen neuen zu erhalten."
        }
        Message::OauthDeclined => {
            "Sie haben den Zugriff bei Zoom nicht erlaubt; es wurde nichts verbunden. Sie können dieses Fenster schließen; für einen neuen Versuch geben Sie in Mattermost /zoom connect ein."
        }
        Message::OauthComplete => {
            "Ihr Zoom-Konto ist verbunden. Sie können dieses Fenster schließen und zu Mattermost zurückkehren."
        }
        Message::SignInFirst => {
            "Sie sind in diesem Browser nicht bei Mattermost angemeldet. Melden Sie sich zuerst an, kommen Sie dann auf diese Seite zurück und öffnen Sie den Link noch einmal."
        }
        Message::SignInLink => "Bei Mattermost anmelden (öffnet einen neuen Tab)",
        Message::OpenAgain => "Diesen Link noch einmal öffnen",
        Message::SiteAdopted => {
            "Dieser Server verwendet jetzt die Zoom-Verbindungen, die unter {site} hergestellt wurden."
        }
        Message::PageTitle => "Zoom für Mattermost",
        Message::HttpNotConfigured => {
            "Zoom ist auf diesem Server noch nicht eingerichtet. Die Systemadministration muss die Einrichtung abschließen."
        }
        Message::HttpNotFound => "Unter dieser Adresse gibt es nichts.",
        Message::HttpMethod => "Diese Adresse nimmt diese Methode nicht an.",
        Message::HttpUnauthorized => {
            "Nicht berechtigt. Melden Sie sich bei Mattermost an und versuchen Sie es erneut."
        }
        Message::HttpForbidden => "Diese Antwort steht Ihnen nicht zu.",
        Message::HttpBadRequest => "Die Anfrage ist fehlerhaft.",
        Message::WebhookNotJson => "Der Inhaltstyp muss application/json sein.",
        Message::WebhookMalformed => "Der Inhalt ist kein Webhook von Zoom.",
        Message::MattermostFailed => {
            "Mattermost konnte das gerade nicht ausführen. Bitte versuchen Sie es in einer Minute erneut; bleibt es dabei, sagen Sie der Systemadministration Bescheid."
        }
        Message::NotMember => {
            "Sie sind nicht Mitglied dieses Kanals und können darin kein Meeting starten. Treten Sie ihm zuerst bei."
        }
        Message::Restricted => {
            "In diesem Kanal sind Zoom-Meetings ausgeschaltet. Starten Sie eines in einem anderen Kanal, oder bitten Sie die Systemadministration, sie hier zu erlauben."
        }
        Message::MayNotPost => {
            "Sie dürfen in diesem Kanal nicht schreiben und können darin kein Meeting starten. Bitte wenden Sie sich an die Kanaladministration."
        }
        Message::Busy => {
            "Gerade startet jemand in diesem Kanal ein Meeting. Warten Sie eine halbe Minute und versuchen Sie es dann erneut."
        }
        Message::NotPosted => {
            "Das Meeting wurde angelegt, konnte hier aber nicht angekündigt werden. [Treten Sie bei]({url}) und schicken Sie den anderen den Link."
        }
        Message::NoPersonalRoom => {
            "In Ihrem Zoom-Konto ist keine persönliche Meeting-ID in Gebrauch, deshalb bekam das Meeting eine neue. Um Ihre zu benutzen, schalten Sie \"Persönliche Meeting-ID aktivieren\" auf {url} ein."
        }
        Message::RecentZoom => {
            "In diesem Kanal gibt es bereits ein anderes, gerade gestartetes Meeting."
        }
        Message::RecentOther => {
            "In diesem Kanal gibt es bereits ein anderes, gerade gestartetes Meeting bei {provider}."
        }
        Message::RecentTitle => "Hier wurde gerade ein Meeting gestartet",
        Message::RecentWait => {
            "Um trotzdem ein weiteres zu starten, warten Sie eine halbe Minute und versuchen Sie es erneut."
        }
        Message::AskPretext => "Eine Voreinstellung wählen Sie mit `/zoom settings`.",
        Message::AskTitle => "Welche Meeting-ID soll dieses Meeting haben?",
        Message::AskPersonal => "PERSÖNLICHE MEETING-ID",
        Message::AskUnique => "NEUE MEETING-ID",
        Message::AlwaysPersonal => {
            "Das Meeting startet mit Ihrer persönlichen Meeting-ID. Alle Ihre Meetings benutzen sie von nun an; ändern können Sie das mit `/zoom settings`."
        }
        Message::AlwaysUnique => {
            "Das Meeting startet mit einer neuen Meeting-ID. Alle Ihre Meetings bekommen von nun an eine neue; ändern können Sie das mit `/zoom settings`."
        }
        Message::ChosePersonal => "Das Meeting startet mit Ihrer persönlichen Meeting-ID.",
        Message::ChoseUnique => "Das Meeting startet mit einer neuen Meeting-ID.",
        Message::SettingsTitle => "*Einstellung: Persönliche Meeting-ID verwenden*",
        Message::SettingsText => {
            "Sollen Ihre Meetings Ihre persönliche Meeting-ID verwenden?\n\nDerzeit: {value}"
        }
        Message::SettingsFallback => "Persönliche Meeting-ID verwenden: {value}",
        Message::SettingsYes => "Ja",
        Message::SettingsNo => "Nein",
        Message::SettingsAsk => "Fragen",
        Message::SubscriptionUsage => {
            "Sagen Sie, was geschehen soll: `/zoom subscription add [Meeting-ID]`, `/zoom subscription remove [Meeting-ID]` oder `/zoom subscription list`."
        }
        Message::SubscriptionNumber => {
            "Die Meeting-ID muss eine Zahl sein, wie Zoom sie zeigt: `/zoom subscription add 123 4567 8901`."
        }
        Message::SubscriptionMayNotPost => {
            "Sie dürfen in diesem Kanal nicht schreiben und daher seine Abonnements nicht ändern."
        }
        Message::SubscriptionUnknown => {
            "Zoom kennt kein Meeting {id}, das Sie sehen dürfen. Vergleichen Sie die Nummer mit der in Ihrer Einladung."
        }
        Message::SubscriptionPersonal => {
            "Ein persönlicher Meetingraum kann nicht abonniert werden. Nehmen Sie die ID eines geplanten Meetings."
        }
        Message::SubscriptionNotHost => {
            "Sie können nur Meetings abonnieren, deren Host Sie sind. Die Systemadministration kann auch andere abonnieren."
        }
        Message::SubscriptionAdded => "Dieser Kanal hört ab jetzt von Meeting {id}.",
        Message::SubscriptionTaken => {
            "Jemand anders hat diesen Kanal schon für Meeting {id} abonniert."
        }
        Message::SubscriptionFull => {
            "Zu viele Kanäle folgen Meeting {id}. Entfernen Sie zuerst einen davon."
        }
        Message::SubscriptionRemoved => "Dieser Kanal hört nicht mehr von Meeting {id}.",
        Message::SubscriptionElsewhere => {
            "Dieser Kanal hat Meeting {id} nicht abonniert, aber ein anderer. Geben Sie den Befehl dort ein."
        }
        Message::SubscriptionNone => "Kein Kanal hat Meeting {id} abonniert.",
        Message::SubscriptionNotYours => {
            "Jemand anders hat diesen Kanal für Meeting {id} abonniert. Diese Person oder die Systemadministration kann das beenden."
        }
        Message::SubscriptionListEmpty => {
            "Sie haben keine Abonnements. `/zoom subscription add [Meeting-ID]` legt eines an."
        }
        Message::SubscriptionListHead => {
            "###### Zoom-Abonnements\n\n| Meeting-ID | Kanal |\n| :-- | :-- |"
        }
        Message::ChannelGone => "unbekannter Kanal",
        Message::ChannelHidden => "ein Kanal, in dem Sie nicht sind",
        Message::ChannelArchived => "ein archivierter Kanal",
        Message::ChannelDirect => "eine Direktnachricht",
        Message::ChannelSettingsAdmins => {
            "Nur die Systemadministration kann ändern, wo Meetings gestartet werden dürfen."
        }
        Message::ChannelSettingsDirect => {
            "Für Direkt- und Gruppennachrichten gibt es diese Einstellung nicht."
        }
        Message::ChannelSettingsNotOpened => {
            "Der Dialog ließ sich nicht öffnen. Geben Sie den Befehl noch einmal ein."
        }
        Message::ChannelSettingsTitle => "Kanal-Einstellung",
        Message::ChannelSettingsSubmit => "Speichern",
        Message::ChannelSettingsLabel => "Meetings in diesem Kanal",
        Message::ChannelSettingsHelp => "Wo Meetings verboten sind, kann niemand eines starten.",
        Message::ChannelSettingsAllow => "Meetings in diesem Kanal erlauben",
        Message::ChannelSettingsRestrict => "Meetings in diesem Kanal verbieten",
        Message::ChannelSettingsDefault => {
            "Der Einstellung des Plugins folgen (eingeschränkt: {value})"
        }
        Message::ChannelSettingsNone => "Kein Kanal hat eine eigene Einstellung.",
        Message::ChannelSettingsGeneralPrivate => {
            "nur in privaten Kanälen und in Direkt- und Gruppennachrichten"
        }
        Message::ChannelSettingsGeneralAll => "überall, auch in öffentlichen Kanälen",
        Message::ChannelSettingsList => {
            "###### Zoom-Einstellungen von Kanälen\n\nOhne eigene Einstellung folgen Kanäle der des Plugins: Meetings lassen sich starten {general}."
        }
        Message::ChannelSettingsTable => {
            "\n\n| Kanal-ID | Kanalname | Einstellung |\n| :-- | :-- | :-- |"
        }
        Message::ChannelSettingsNowAllowed => "Meetings sind in diesem Kanal jetzt erlaubt.",
        Message::ChannelSettingsNowRestricted => "Meetings sind in diesem Kanal jetzt verboten.",
        Message::ChannelSettingsNowDefault => {
            "Dieser Kanal folgt jetzt der Einstellung des Plugins."
        }
        Message::PostFollowed => "Ein Meeting hat begonnen",
        Message::RecordingIntro => "Hier ist die Aufzeichnung des Zoom-Meetings:",
        Message::RecordingLink => "**Link:** [Aufzeichnung des Meetings]({url})",
        Message::RecordingPasscode => "**Kennwort:** `{passcode}`",
        Message::ChatIntro => "Hier ist der Chat des Zoom-Meetings:",
        Message::ChatMissing => {
            "Der Chat des Meetings war bei Zoom nicht zu bekommen. Der Host findet ihn bei Zoom unter *Aufzeichnungen*."
        }
        Message::TranscriptIntro => "Hier ist das Transkript des Zoom-Meetings:",
        Message::TranscriptMissing => {
            "Das Transkript des Meetings war bei Zoom nicht zu bekommen. Der Host findet es bei Zoom unter *Aufzeichnungen*."
        }
        Message::PostStarted => "Ich habe ein Meeting gestartet",
        Message::PostEnded => "Das Meeting ist beendet.",
        Message::PostId => "Meeting-ID: {id}",
        Message::PostPersonalId => "Persönliche Meeting-ID (PMI): {id}",
        Message::PostJoin => "Am Meeting teilnehmen",
        Message::PostStartedFallback => "Zoom-Meeting gestartet: {id}.",
        Message::PostEndedFallback => {
            "Zoom-Meeting {id} ist beendet: Beginn {start}, Dauer {minutes} Minute(n)."
        }
        Message::PostEndedSummary => {
            "Meeting-ID: {id}\n\n##### Zusammenfassung\n\nBeginn: {start}\n\nDauer: {minutes} Minute(n)"
        }
        Message::ZoomNotConnected => {
            "Zoom hat Ihre Verbindung beendet. Geben Sie `/zoom connect` ein, um sich neu zu verbinden."
        }
        Message::ZoomMissingScope => {
            "Der Zoom-App dieses Servers fehlt eine Berechtigung, die hierfür nötig ist. Bitte sagen Sie der Systemadministration Bescheid: zu den Scopes der App müssen meeting:read:meeting, meeting:write:meeting und user:read:user gehören, mit :admin am Ende, falls AccountLevelApp eingeschaltet ist."
        }
        Message::ZoomForbidden => {
            "Zoom erlaubt das für Ihr Konto nicht. Prüfen Sie Ihr Konto bei Zoom, oder fragen Sie, wer es verwaltet."
        }
        Message::ZoomNotFound => {
            "Zoom kennt Ihr Konto oder das Meeting nicht. Prüfen Sie, ob Sie mit dem richtigen Konto verbunden sind: geben Sie `/zoom disconnect` ein, danach `/zoom connect`."
        }
        Message::ZoomNoLicense => {
            "Ihr Zoom-Konto hat keine Lizenz, um Meetings zu veranstalten. Bitten Sie die Zoom-Administration, Ihnen eine zuzuweisen."
        }
        Message::ZoomPending => {
            "Ihr Zoom-Konto ist noch nicht aktiviert. Öffnen Sie die Einladung, die Zoom Ihnen per E-Mail geschickt hat, und versuchen Sie es dann noch einmal."
        }
        Message::ZoomOtherAccount => {
            "Ihr Zoom-Benutzer gehört nicht zum Zoom-Konto der App dieses Servers. Geben Sie `/zoom disconnect` ein, dann `/zoom connect` mit dem richtigen Konto, oder bitten Sie die Zoom-Administration, Sie aufzunehmen."
        }
        Message::ZoomWebinar => {
            "Diese Meeting-ID gehört zu einem Webinar. Webinare werden nicht unterstützt. Verwenden Sie die ID eines Meetings."
        }
        Message::ZoomInvalid => {
            "Zoom hat die Angaben zum Meeting nicht angenommen. Versuchen Sie es mit einem anderen Thema. Hilft das nicht, benachrichtigen Sie die Systemadministration."
        }
        Message::ZoomRefused => {
            "Zoom hat die Anfrage abgelehnt. Versuchen Sie es später noch einmal. Hilft das nicht, benachrichtigen Sie die Systemadministration."
        }
        Message::ZoomRedirect => {
            "Zoom hat die Rücksprungadresse dieses Servers nicht angenommen. Tragen Sie im Zoom App Marketplace {url} genau so als OAuth Redirect URL und in die OAuth Allow List der App ein. Geben Sie dann noch einmal /zoom connect ein."
        }
        Message::ZoomAppDisabled => {
            "Die Zoom-App dieses Servers ist deaktiviert. Die Zoom-Administration muss die App im Zoom App Marketplace aktivieren und genehmigen. Geben Sie dann noch einmal /zoom connect ein."
        }
        Message::ZoomPaused => {
            "Die Verbindungen zu Zoom ruhen, weil sich die Adresse dieses Servers geändert hat. Die Systemadministration erfährt mit `/zoom connect`, was zu tun ist."
        }
        Message::AdminNoLicense => {
            "Weisen Sie im Zoom-Webportal unter Benutzerverwaltung > Benutzer diesem Benutzer eine Lizenz zu."
        }
        Message::AdminPending => {
            "Im Zoom-Webportal können Sie unter Benutzerverwaltung > Benutzer > Ausstehend die Einladung noch einmal senden."
        }
        Message::AdminOtherAccount => {
            "Benutzer anderer Zoom-Konten können sich nur verbinden, wenn die Zoom-App veröffentlicht ist, und nie mit einer von Administratoren verwalteten App."
        }
        Message::AdminForbidden => {
            "Prüfen Sie im Zoom-Webportal die Rolle dieses Benutzers und die Meeting-Einstellungen des Kontos."
        }
        Message::AdminRefused => "Das Server-Log enthält Zooms Fehlercode und Meldung.",
        Message::AdminPaused => {
            "Die Verbindungen wurden unter {site} hergestellt. Hat dieser Server jenen ersetzt, geben Sie `/zoom connect this-server` ein, um sie weiter zu verwenden. Ist dieser Server eine Kopie, etwa ein Testserver, geben Sie ihm eine eigene Zoom-App."
        }
        Message::ZoomUnknownAddress => {
            "Im Zoom-Konto Ihrer Organisation hat niemand Ihre E-Mail-Adresse {email}. Sie muss hier und bei Zoom dieselbe sein: ändern Sie eine von beiden in Ihrem Profil, oder bitten Sie die Zoom-Administration, Sie aufzunehmen."
        }
        Message::ZoomUnverifiedAddress => {
            "Ihre E-Mail-Adresse {email} ist nicht bestätigt, und über sie werden Personen bei Zoom gefunden. Öffnen Sie den Link in der Nachricht, die dieser Server an die Adresse geschickt hat, oder fordern Sie in Ihrem Profil eine neue an."
        }
        Message::ZoomRateLimited => {
            "Zoom nimmt im Moment keine weiteren Anfragen von Ihnen an. Bitte versuchen Sie es später erneut; die Grenze für neue Meetings gilt bis Mitternacht UTC."
        }
        Message::ZoomRateLimitedFor => {
            "Zoom nimmt im Moment keine weiteren Anfragen von Ihnen an. Bitte versuchen Sie es in {seconds} Sekunden erneut."
        }
        Message::ZoomRateLimitedMinutes => {
            "Zoom nimmt im Moment keine weiteren Anfragen von Ihnen an. Bitte versuchen Sie es in {minutes} Minuten erneut."
        }
        Message::ZoomLimitedUntil => {
            "Zooms Grenze für Anfragen ist erreicht. Versuchen Sie es nach {time} noch einmal."
        }
        Message::ZoomClient => {
            "Zoom akzeptiert die App dieses Servers nicht. Bitte sagen Sie der Systemadministration, sie möge OAuthClientID und OAuthClientSecret mit der App bei Zoom vergleichen."
        }
        Message::ZoomCode => {
            "Zoom hat die Anmeldung nicht mehr akzeptiert. Geben Sie in Mattermost noch einmal `/zoom connect` ein."
        }
        Message::ZoomTimeout => {
            "Zoom hat nicht rechtzeitig geantwortet. Bitte versuchen Sie es in einer Minute erneut."
        }
        Message::ZoomUnavailable => {
            "Zoom war nicht erreichbar oder hat Störungen. Bitte versuchen Sie es in einigen Minuten erneut; https://status.zoom.us zeigt bekannte Störungen."
        }
        Message::ZoomDenied => {
            "Die Regeln dieses Servers verbieten dem Plugin die Adresse von Zoom. Bitte sagen Sie der Systemadministration, sie möge ZoomURL und ZoomAPIURL prüfen."
        }
        Message::ZoomUnexpected => {
            "Zoom hat eine Antwort gegeben, die hier keinen Sinn ergibt. Bitte versuchen Sie es erneut; bleibt es dabei, sagen Sie der Systemadministration Bescheid, die Näheres im Serverprotokoll findet."
        }
    }
}
