import type {Catalogue} from './en';

export const de: Catalogue = {
    start: 'Zoom-Meeting starten',
    starting: 'Ein Zoom-Meeting wird gestartet …',
    startingInThread: 'Ein Zoom-Meeting wird im Thread gestartet …',
    failed: 'Das Meeting konnte nicht gestartet werden, weil der Server nicht wie erwartet geantwortet hat. Bitte versuche es gleich noch einmal.',
    unreachable:
        'Das Meeting konnte nicht gestartet werden, weil der Server nicht erreichbar war. Bitte prüfe deine Verbindung und versuche es noch einmal.',
    noThread:
        'Bitte öffne zuerst einen Kanal oder einen Thread: Dort wird das Meeting angekündigt.',
    blocked: 'Dein Browser hat nicht erlaubt, das Meeting in einem neuen Tab zu öffnen.',
    unsafe: 'Das Meeting wurde gestartet, aber sein Link ist nicht sicher. Bitte deine Administration, die Adresse von Zoom in den Einstellungen zu prüfen.',
    close: 'Schließen',
    openMeeting: 'Meeting öffnen',
    newTab: 'öffnet sich in einem neuen Tab',
    someone: 'Jemand',
    haveStarted: 'Ich habe ein Meeting gestartet',
    hasStarted: '{user} hat ein Meeting gestartet',
    hasEnded: 'Das Meeting ist beendet.',
    title: 'Zoom-Meeting',
    meetingId: 'Meeting-ID: {id}',
    personalId: 'Persönliche Meeting-ID (PMI): {id}',
    join: 'Am Meeting teilnehmen',
    leadsTo: 'Dieser Link führt zu {host}',
    unsafeLink:
        'Der Link dieses Beitrags wird nicht angezeigt: Er führt nicht zu einer sicheren Adresse.',
    summary: 'Zusammenfassung des Meetings',
    date: 'Datum',
    length: 'Dauer',
    ended: 'Beendet',
    inProgress: 'Läuft',
    recent: '{user} hat in diesem Kanal gerade ein Meeting gestartet. Möchtest du teilnehmen oder ein eigenes starten?',
    recentOther:
        '{user} hat in diesem Kanal gerade ein Meeting mit {provider} gestartet. Möchtest du teilnehmen oder ein eigenes starten?',
    joinExisting: 'Am vorhandenen Meeting teilnehmen',
    startAnyway: 'Neues Meeting starten',
    startedAnyway: 'Ein neues Meeting wurde gestartet.',
    chatIntro: 'Hier ist der Chat des Zoom-Meetings:',
    transcriptIntro: 'Hier ist das Transkript des Zoom-Meetings:',
    summarizeChat: 'Chatverlauf zusammenfassen',
    summarizeMeeting: 'Zusammenfassung des Meetings erstellen',
};
