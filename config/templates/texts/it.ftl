# Quello che dicono le pagine, in italiano.

cancel = Annulla

## L’accesso

sign-in-title = Accedi
sign-in-title-problem = Errore: accedi
sign-in-lead = per continuare su { $client }
sign-in-lead-account = per continuare sul tuo account
sign-in-username = Nome utente
sign-in-password = Password
sign-in-submit = Accedi

problem-denied = Il nome utente o la password non sono corretti.
problem-throttled = Ci sono stati troppi tentativi. Chiedi all’amministratore di ripristinare il tuo accesso.
problem-throttled-seconds =
    { $count ->
        [one] Ci sono stati troppi tentativi. Riprova tra un secondo.
       *[other] Ci sono stati troppi tentativi. Riprova tra { $count } secondi.
    }
problem-throttled-minutes =
    { $count ->
        [one] Ci sono stati troppi tentativi. Riprova tra un minuto.
       *[other] Ci sono stati troppi tentativi. Riprova tra { $count } minuti.
    }
problem-throttled-hours =
    { $count ->
        [one] Ci sono stati troppi tentativi. Riprova tra un’ora.
       *[other] Ci sono stati troppi tentativi. Riprova tra { $count } ore.
    }
problem-step-up = Il tuo account richiede un secondo fattore, che non è possibile in questa pagina. Accedi direttamente a Cells.
problem-new-password = La tua password è corretta, ma Cells ti chiede prima di sceglierne una nuova. Accedi direttamente a Cells, sceglila e poi torna qui.
sign-in-elsewhere = Vai alla pagina di accesso di Cells
problem-busy = Molte persone stanno accedendo in questo momento e la tua password non è stata verificata. Riprova tra qualche secondo.
problem-unavailable = Al momento non è possibile accedere, qualunque sia la password. Riprova tra un minuto.
problem-expired = Questa pagina è rimasta aperta troppo a lungo. Accedi di nuovo.

## La scelta dell’account

select-account-title = Scegli un account
select-account-lead = per continuare su { $client }
select-account-continue = Continua come { $login }
select-account-continue-named = Continua come { $user } ({ $login })
select-account-another = Usa un altro account

## Il consenso, e ciò che possono fare le applicazioni

consent-title = Consentire l’accesso?
consent-heading = Autorizzare { $client }?
consent-lead = { $client } chiede di accedere al tuo account. Hai effettuato l’accesso come { $user }. L’applicazione potrebbe:
consent-about = Informazioni su questa applicazione
consent-policy = Informativa sulla privacy
consent-terms = Termini di servizio
consent-allow = Consenti
consent-deny = Rifiuta

scope-openid = Riconoscerti quando ritorni
scope-profile = Vedere il tuo nome e il tuo nome utente
scope-email = Vedere il tuo indirizzo e-mail
scope-address = Vedere il tuo indirizzo postale
scope-phone = Vedere il tuo numero di telefono
scope-groups = Vedere a quali gruppi appartieni
scope-roles = Vedere quali ruoli hai
scope-offline_access = Mantenere questo accesso mentre sei via
scope-offline = Mantenere questo accesso mentre sei via

claim-preferred_username = Vedere il tuo nome utente
claim-name = Vedere il tuo nome completo
claim-given_name = Vedere il tuo nome
claim-family_name = Vedere il tuo cognome
claim-middle_name = Vedere il tuo secondo nome
claim-nickname = Vedere il tuo soprannome
claim-profile = Vedere l’indirizzo della tua pagina del profilo
claim-picture = Vedere la tua immagine
claim-website = Vedere l’indirizzo del tuo sito web
claim-gender = Vedere il tuo genere
claim-birthdate = Vedere la tua data di nascita
claim-zoneinfo = Vedere il tuo fuso orario
claim-locale = Vedere la tua lingua
claim-updated_at = Vedere quando è stato modificato il tuo profilo
claim-email = Vedere il tuo indirizzo e-mail
claim-email_verified = Vedere se il tuo indirizzo e-mail è verificato
claim-address = Vedere il tuo indirizzo postale
claim-phone_number = Vedere il tuo numero di telefono
claim-phone_number_verified = Vedere se il tuo numero di telefono è verificato
claim-groups = Vedere a quali gruppi appartieni
claim-roles = Vedere quali ruoli hai

## Il ritorno all’applicazione

form-post-title = Ritorno a { $client }
form-post-heading = Ci siamo quasi
form-post-lead = Stai per tornare a { $client }. Se non succede nulla, premi il pulsante.
form-post-continue = Continua

## L’uscita

sign-out-title = Esci
sign-out-heading = Vuoi uscire?
sign-out-lead = Hai effettuato l’accesso come { $user }. Uscendo termini l’accesso in tutte le applicazioni che hai aperto con questo account.
sign-out-submit = Esci
sign-out-stay = Rimani connesso

signed-out-title = Sei uscito
signed-out-text = Puoi chiudere questa finestra.
signed-out-next = Le tue applicazioni vengono avvisate. Tra un attimo tornerai indietro.
signed-out-continue = Continua ora
signed-out-frame = Uscita da un’applicazione

## La pagina dell’account

account-title = Il tuo account
account-lead = Hai effettuato l’accesso come { $user }.
account-notice-session-ended = Quel dispositivo è stato disconnesso.
account-notice-others-ended = Tutti gli altri dispositivi sono stati disconnessi.
account-notice-withdrawn = L’applicazione non ha più accesso.
account-notice-password-ended = La password è revocata.
account-notice-password-incomplete = Nessuna password è stata creata: servono un nome e almeno un luogo in cui vale.
account-notice-passwords-full = Nessuna password è stata creata: ne ha già quante sono consentite. Ne revochi prima una.

sessions-heading = Dove hai effettuato l’accesso
session-browser-unknown = Un browser sconosciuto
session-device = { $browser } su { $system }
session-current = Questo dispositivo
session-address = Da { $address }
session-signed-in = Accesso { $moment }
session-last-seen = Ultima attività { $moment }
session-end = Disconnetti
session-end-label = Disconnetti { $device }
session-end-label-current = Disconnetti { $device }, questo dispositivo
sessions-end-others = Disconnetti tutti gli altri dispositivi
sessions-end-all = Esci ovunque

applications-heading = Le tue applicazioni
applications-none = Nessuna applicazione ha accesso al tuo account.
application-open = Apri
application-open-label = Apri { $client }
application-since = Prima autorizzazione { $moment }
application-withdraw = Revoca l’accesso
application-withdraw-label = Revoca l’accesso di { $client }

passwords-heading = Password per applicazioni
passwords-lead = Per i programmi che sanno inviare solo un nome utente e una password, come i client WebDAV. Dia a ogni programma la sua.
password-created = Creata { $moment }
password-used = Ultimo uso { $moment }
password-unused = Mai usata
password-expires = Termina il { $date }
password-revoke = Revoca
password-revoke-label = Revoca la password { $name }
password-new-heading = Nuova password per applicazione
password-name = Nome, per esempio del dispositivo
password-places = Dove vale
password-scope = Che cosa permette
password-mint = Crea una password

new-password-title = La Sua nuova password
new-password-lead = Questa è la password { $name }. La copi ora: non verrà più mostrata.
new-password-back = Torna al Suo account

moment-now = proprio ora
moment-minutes =
    { $count ->
        [one] un minuto fa
       *[other] { $count } minuti fa
    }
moment-hours =
    { $count ->
        [one] un’ora fa
       *[other] { $count } ore fa
    }
moment-days =
    { $count ->
        [one] un giorno fa
       *[other] { $count } giorni fa
    }

## Le pagine in cui non c’è nulla da fare

still-signed-in-title = L’accesso è ancora attivo
still-signed-in-text = Non è stato modificato nulla. Puoi chiudere questa finestra.
not-signed-in-title = Non hai effettuato l’accesso
not-signed-in-text = Non è stato modificato nulla. Puoi chiudere questa finestra.

out-of-band-title = Il tuo codice
out-of-band-lead = Copialo nel programma che ti ha chiesto di accedere. È valido per poco tempo e una volta sola.
out-of-band-none = Non c’è alcun codice. Torna al programma che ti ha chiesto di accedere e ricomincia.

not-found-title = Pagina non trovata
not-found-text = Non c’è nulla a questo indirizzo.
unreadable-title = Questa richiesta è incompleta
unreadable-text = L’applicazione ha inviato qualcosa di incomprensibile. Torna all’applicazione e riprova; se non basta, avvisa il suo amministratore.
unknown-application-title = Questa applicazione qui non è conosciuta
unknown-application-text = L’applicazione che ti ha mandato qui non è registrata in questo modo, perciò non vieni rimandato ad essa. Avvisa il suo amministratore.
invalid-sign-out-title = Questa richiesta di uscita non è valida
invalid-sign-out-text = L’applicazione ha chiesto di farti uscire in un modo che non può essere verificato. L’accesso è ancora attivo.
foreign-form-title = Questa pagina non appartiene a questo browser
foreign-form-text = Non è stato fatto nulla. Torna all’applicazione e ricomincia. I cookie devono essere consentiti per questo sito.
nothing-waits-title = Nessun accesso in sospeso
nothing-waits-text = L’accesso inizia da un’applicazione. Apri l’applicazione che vuoi usare.
unavailable-title = Al momento non disponibile
unavailable-text = Qualcosa qui non funziona. Riprova tra un attimo.
failed-title = Qui qualcosa è andato storto
failed-text = Riprova tra un attimo.
