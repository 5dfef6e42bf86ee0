# Was die Seiten sagen, auf Deutsch.

cancel = Abbrechen

## Anmelden

sign-in-title = Anmelden
sign-in-title-problem = Fehler: Anmelden
sign-in-lead = um { $client } zu öffnen
sign-in-lead-account = um Ihr Konto zu öffnen
sign-in-username = Benutzername
sign-in-password = Passwort
sign-in-submit = Anmelden

problem-denied = Benutzername oder Passwort ist falsch.
problem-throttled = Es gab zu viele Versuche. Bitten Sie Ihre Administration, Sie wieder zuzulassen.
problem-throttled-seconds =
    { $count ->
        [one] Es gab zu viele Versuche. Versuchen Sie es in einer Sekunde erneut.
       *[other] Es gab zu viele Versuche. Versuchen Sie es in { $count } Sekunden erneut.
    }
problem-throttled-minutes =
    { $count ->
        [one] Es gab zu viele Versuche. Versuchen Sie es in einer Minute erneut.
       *[other] Es gab zu viele Versuche. Versuchen Sie es in { $count } Minuten erneut.
    }
problem-throttled-hours =
    { $count ->
        [one] Es gab zu viele Versuche. Versuchen Sie es in einer Stunde erneut.
       *[other] Es gab zu viele Versuche. Versuchen Sie es in { $count } Stunden erneut.
    }
problem-step-up = Ihr Konto verlangt einen zweiten Faktor, der auf dieser Seite nicht möglich ist. Melden Sie sich stattdessen direkt bei Cells an.
problem-new-password = Ihr Passwort stimmt, aber Cells verlangt zuerst ein neues. Melden Sie sich direkt bei Cells an, wählen Sie es dort, und kommen Sie dann zurück.
sign-in-elsewhere = Zur Anmeldeseite von Cells
problem-busy = Im Moment melden sich sehr viele Personen an, und Ihr Passwort wurde nicht geprüft. Bitte versuchen Sie es in einigen Sekunden erneut.
problem-unavailable = Die Anmeldung ist im Moment nicht möglich, unabhängig vom Passwort. Bitte versuchen Sie es in einer Minute erneut.
problem-expired = Diese Seite war zu lange geöffnet. Bitte melden Sie sich erneut an.

## Konto wählen

select-account-title = Konto wählen
select-account-lead = um { $client } zu öffnen
select-account-continue = Weiter als { $login }
select-account-continue-named = Weiter als { $user } ({ $login })
select-account-another = Anderes Konto verwenden

## Zustimmung, und was Anwendungen dürfen

consent-title = Zugriff erlauben?
consent-heading = { $client } den Zugriff erlauben?
consent-lead = { $client } bittet um Zugriff auf Ihr Konto. Sie sind als { $user } angemeldet. Die Anwendung könnte dann:
consent-about = Über diese Anwendung
consent-policy = Datenschutzerklärung
consent-terms = Nutzungsbedingungen
consent-allow = Erlauben
consent-deny = Ablehnen

scope-openid = Sie wiedererkennen, wenn Sie zurückkehren
scope-profile = Ihren Namen und Ihren Benutzernamen sehen
scope-email = Ihre E-Mail-Adresse sehen
scope-address = Ihre Postanschrift sehen
scope-phone = Ihre Telefonnummer sehen
scope-groups = Sehen, zu welchen Gruppen Sie gehören
scope-roles = Sehen, welche Rollen Sie haben
scope-offline_access = Diesen Zugriff behalten, während Sie nicht da sind
scope-offline = Diesen Zugriff behalten, während Sie nicht da sind

claim-preferred_username = Ihren Benutzernamen sehen
claim-name = Ihren vollständigen Namen sehen
claim-given_name = Ihren Vornamen sehen
claim-family_name = Ihren Nachnamen sehen
claim-middle_name = Ihren zweiten Vornamen sehen
claim-nickname = Ihren Spitznamen sehen
claim-profile = Die Adresse Ihrer Profilseite sehen
claim-picture = Ihr Bild sehen
claim-website = Die Adresse Ihrer Website sehen
claim-gender = Ihr Geschlecht sehen
claim-birthdate = Ihr Geburtsdatum sehen
claim-zoneinfo = Ihre Zeitzone sehen
claim-locale = Ihre Sprache sehen
claim-updated_at = Sehen, wann Ihr Profil geändert wurde
claim-email = Ihre E-Mail-Adresse sehen
claim-email_verified = Sehen, ob Ihre E-Mail-Adresse bestätigt ist
claim-address = Ihre Postanschrift sehen
claim-phone_number = Ihre Telefonnummer sehen
claim-phone_number_verified = Sehen, ob Ihre Telefonnummer bestätigt ist
claim-groups = Sehen, zu welchen Gruppen Sie gehören
claim-roles = Sehen, welche Rollen Sie haben

## Zurück zur Anwendung

form-post-title = Zurück zu { $client }
form-post-heading = Fast geschafft
form-post-lead = Sie werden zu { $client } zurückgebracht. Wenn nichts geschieht, drücken Sie die Schaltfläche.
form-post-continue = Weiter

## Abmelden

sign-out-title = Abmelden
sign-out-heading = Abmelden?
sign-out-lead = Sie sind als { $user } angemeldet. Mit dem Abmelden endet Ihr Zugriff in allen Anwendungen, die Sie damit geöffnet haben.
sign-out-submit = Abmelden
sign-out-stay = Angemeldet bleiben

signed-out-title = Sie sind abgemeldet
signed-out-text = Sie können dieses Fenster schließen.
signed-out-next = Ihre Anwendungen werden benachrichtigt. Sie werden gleich zurückgebracht.
signed-out-continue = Jetzt weiter
signed-out-frame = Abmeldung einer Anwendung

## Die Kontoseite

account-title = Ihr Konto
account-lead = Sie sind als { $user } angemeldet.
account-notice-session-ended = Dieses Gerät ist jetzt abgemeldet.
account-notice-others-ended = Alle anderen Geräte sind abgemeldet.
account-notice-withdrawn = Die Anwendung hat keinen Zugriff mehr.
account-notice-password-ended = Das Passwort ist widerrufen.
account-notice-password-incomplete = Es wurde kein Passwort angelegt: Es braucht einen Namen und mindestens einen Ort, an dem es gilt.
account-notice-passwords-full = Es wurde kein Passwort angelegt: Sie haben so viele, wie erlaubt sind. Widerrufen Sie zuerst eines.

sessions-heading = Wo Sie angemeldet sind
session-browser-unknown = Unbekannter Browser
session-device = { $browser } unter { $system }
session-current = Dieses Gerät
session-address = Von { $address }
session-signed-in = Angemeldet { $moment }
session-last-seen = Zuletzt gesehen { $moment }
session-end = Abmelden
session-end-label = { $device } abmelden
session-end-label-current = { $device }, dieses Gerät, abmelden
sessions-end-others = Alle anderen Geräte abmelden
sessions-end-all = Überall abmelden

applications-heading = Ihre Anwendungen
applications-none = Keine Anwendung hat Zugriff auf Ihr Konto.
application-open = Öffnen
application-open-label = { $client } öffnen
application-since = Erstmals { $moment }
application-withdraw = Zugriff entziehen
application-withdraw-label = { $client } den Zugriff entziehen

passwords-heading = Anwendungspasswörter
passwords-lead = Für Programme, die nur einen Benutzernamen und ein Passwort senden können, etwa WebDAV-Programme. Geben Sie jedem Programm ein eigenes.
password-created = Angelegt { $moment }
password-used = Zuletzt benutzt { $moment }
password-unused = Nie benutzt
password-expires = Endet am { $date }
password-revoke = Widerrufen
password-revoke-label = Das Passwort { $name } widerrufen
password-new-heading = Neues Anwendungspasswort
password-name = Name, zum Beispiel des Geräts
password-places = Wo es gilt
password-scope = Was es darf
password-mint = Passwort anlegen

new-password-title = Ihr neues Passwort
new-password-lead = Dies ist das Passwort { $name }. Kopieren Sie es jetzt: Es wird nicht noch einmal angezeigt.
new-password-back = Zurück zu Ihrem Konto

moment-now = gerade eben
moment-minutes =
    { $count ->
        [one] vor einer Minute
       *[other] vor { $count } Minuten
    }
moment-hours =
    { $count ->
        [one] vor einer Stunde
       *[other] vor { $count } Stunden
    }
moment-days =
    { $count ->
        [one] vor einem Tag
       *[other] vor { $count } Tagen
    }

## Seiten, auf denen nichts zu tun ist

still-signed-in-title = Sie sind weiterhin angemeldet
still-signed-in-text = Nichts wurde geändert. Sie können dieses Fenster schließen.
not-signed-in-title = Sie sind nicht angemeldet
not-signed-in-text = Nichts wurde geändert. Sie können dieses Fenster schließen.

out-of-band-title = Ihr Code
out-of-band-lead = Kopieren Sie ihn in das Programm, das Sie zur Anmeldung aufgefordert hat. Er gilt nur kurze Zeit und nur einmal.
out-of-band-none = Es gibt keinen Code. Gehen Sie zurück zu dem Programm, das Sie zur Anmeldung aufgefordert hat, und beginnen Sie von vorn.

not-found-title = Seite nicht gefunden
not-found-text = Unter dieser Adresse gibt es nichts.
unreadable-title = Diese Anfrage ist unvollständig
unreadable-text = Die Anwendung hat etwas gesendet, das nicht verstanden werden kann. Gehen Sie zu ihr zurück und versuchen Sie es erneut; wenn das nicht hilft, wenden Sie sich an ihre Administration.
unknown-application-title = Diese Anwendung ist hier nicht bekannt
unknown-application-text = Die Anwendung, von der Sie kommen, ist so nicht registriert; deshalb werden Sie nicht zu ihr zurückgeschickt. Wenden Sie sich an ihre Administration.
invalid-sign-out-title = Diese Abmeldeanfrage ist ungültig
invalid-sign-out-text = Die Anwendung wollte Sie auf eine Weise abmelden, die nicht überprüft werden kann. Sie sind weiterhin angemeldet.
foreign-form-title = Diese Seite gehört nicht zu diesem Browser
foreign-form-text = Es wurde nichts ausgeführt. Gehen Sie zur Anwendung zurück und beginnen Sie von vorn. Cookies müssen für diese Website erlaubt sein.
nothing-waits-title = Hier gibt es nichts, wofür Sie sich anmelden könnten
nothing-waits-text = Eine Anmeldung beginnt bei einer Anwendung. Öffnen Sie die Anwendung, die Sie verwenden möchten.
unavailable-title = Im Moment nicht verfügbar
unavailable-text = Hier funktioniert gerade etwas nicht. Bitte versuchen Sie es gleich noch einmal.
failed-title = Hier ist etwas schiefgegangen
failed-text = Bitte versuchen Sie es gleich noch einmal.
