# Ce que disent les pages, en français.

cancel = Annuler

## La connexion

sign-in-title = Connexion
sign-in-title-problem = Erreur : connexion
sign-in-lead = pour accéder à { $client }
sign-in-lead-account = pour accéder à votre compte
sign-in-username = Nom d’utilisateur
sign-in-password = Mot de passe
sign-in-submit = Se connecter

problem-denied = Le nom d’utilisateur ou le mot de passe est incorrect.
problem-throttled = Trop de tentatives. Demandez à votre administrateur de rétablir votre accès.
problem-throttled-seconds =
    { $count ->
        [one] Trop de tentatives. Réessayez dans une seconde.
       *[other] Trop de tentatives. Réessayez dans { $count } secondes.
    }
problem-throttled-minutes =
    { $count ->
        [one] Trop de tentatives. Réessayez dans une minute.
       *[other] Trop de tentatives. Réessayez dans { $count } minutes.
    }
problem-throttled-hours =
    { $count ->
        [one] Trop de tentatives. Réessayez dans une heure.
       *[other] Trop de tentatives. Réessayez dans { $count } heures.
    }
problem-step-up = Votre compte demande un second facteur, impossible sur cette page. Connectez-vous plutôt directement à Cells.
problem-new-password = Votre mot de passe est correct, mais Cells vous demande d’abord d’en choisir un nouveau. Connectez-vous directement à Cells, choisissez-le, puis revenez ici.
sign-in-elsewhere = Aller à la page de connexion de Cells
problem-busy = De nombreuses personnes se connectent en ce moment et votre mot de passe n’a pas été vérifié. Veuillez réessayer dans quelques secondes.
problem-unavailable = La connexion est impossible pour le moment, quel que soit le mot de passe. Veuillez réessayer dans une minute.
problem-expired = Cette page est restée ouverte trop longtemps. Veuillez vous reconnecter.

## Le choix du compte

select-account-title = Choisir un compte
select-account-lead = pour accéder à { $client }
select-account-continue = Continuer en tant que { $login }
select-account-continue-named = Continuer en tant que { $user } ({ $login })
select-account-another = Utiliser un autre compte

## Le consentement, et ce que peuvent faire les applications

consent-title = Autoriser l’accès ?
consent-heading = Autoriser { $client } ?
consent-lead = { $client } demande l’accès à votre compte. Vous êtes connecté en tant que { $user }. L’application pourrait :
consent-about = À propos de cette application
consent-policy = Politique de confidentialité
consent-terms = Conditions d’utilisation
consent-allow = Autoriser
consent-deny = Refuser

scope-openid = Vous reconnaître à votre retour
scope-profile = Voir votre nom et votre nom d’utilisateur
scope-email = Voir votre adresse e-mail
scope-address = Voir votre adresse postale
scope-phone = Voir votre numéro de téléphone
scope-groups = Voir à quels groupes vous appartenez
scope-roles = Voir quels rôles vous avez
scope-offline_access = Conserver cet accès en votre absence
scope-offline = Conserver cet accès en votre absence

claim-preferred_username = Voir votre nom d’utilisateur
claim-name = Voir votre nom complet
claim-given_name = Voir votre prénom
claim-family_name = Voir votre nom de famille
claim-middle_name = Voir votre deuxième prénom
claim-nickname = Voir votre surnom
claim-profile = Voir l’adresse de votre page de profil
claim-picture = Voir votre photo
claim-website = Voir l’adresse de votre site web
claim-gender = Voir votre genre
claim-birthdate = Voir votre date de naissance
claim-zoneinfo = Voir votre fuseau horaire
claim-locale = Voir votre langue
claim-updated_at = Voir quand votre profil a été modifié
claim-email = Voir votre adresse e-mail
claim-email_verified = Voir si votre adresse e-mail est vérifiée
claim-address = Voir votre adresse postale
claim-phone_number = Voir votre numéro de téléphone
claim-phone_number_verified = Voir si votre numéro de téléphone est vérifié
claim-groups = Voir à quels groupes vous appartenez
claim-roles = Voir quels rôles vous avez

## Le retour vers l’application

form-post-title = Retour à { $client }
form-post-heading = Presque terminé
form-post-lead = Vous allez être redirigé vers { $client }. Si rien ne se passe, appuyez sur le bouton.
form-post-continue = Continuer

## La déconnexion

sign-out-title = Déconnexion
sign-out-heading = Se déconnecter ?
sign-out-lead = Vous êtes connecté en tant que { $user }. La déconnexion met fin à votre accès dans toutes les applications ouvertes avec ce compte.
sign-out-submit = Se déconnecter
sign-out-stay = Rester connecté

signed-out-title = Vous êtes déconnecté
signed-out-text = Vous pouvez fermer cette fenêtre.
signed-out-next = Vos applications sont en train d’être informées. Vous serez redirigé dans un instant.
signed-out-continue = Continuer maintenant
signed-out-frame = Déconnexion d’une application

## La page du compte

account-title = Votre compte
account-lead = Vous êtes connecté en tant que { $user }.
account-notice-session-ended = Cet appareil est maintenant déconnecté.
account-notice-others-ended = Tous les autres appareils sont déconnectés.
account-notice-withdrawn = L’application n’a plus accès à votre compte.
account-notice-password-ended = Le mot de passe est révoqué.
account-notice-password-incomplete = Aucun mot de passe n’a été créé : il lui faut un nom et au moins un endroit où il est valable.
account-notice-passwords-full = Aucun mot de passe n’a été créé : vous en avez autant que permis. Révoquez-en un d’abord.

sessions-heading = Où vous êtes connecté
session-browser-unknown = Un navigateur inconnu
session-device = { $browser } sur { $system }
session-current = Cet appareil
session-address = Depuis { $address }
session-signed-in = Connexion { $moment }
session-last-seen = Dernière activité { $moment }
session-end = Déconnecter
session-end-label = Déconnecter { $device }
session-end-label-current = Déconnecter { $device }, cet appareil
sessions-end-others = Déconnecter tous les autres appareils
sessions-end-all = Se déconnecter partout

applications-heading = Vos applications
applications-none = Aucune application n’a accès à votre compte.
application-open = Ouvrir
application-open-label = Ouvrir { $client }
application-since = Première autorisation { $moment }
application-withdraw = Retirer l’accès
application-withdraw-label = Retirer l’accès de { $client }

passwords-heading = Mots de passe d’application
passwords-lead = Pour les programmes qui ne savent envoyer qu’un nom d’utilisateur et un mot de passe, comme les clients WebDAV. Donnez à chaque programme le sien.
password-created = Créé { $moment }
password-used = Dernière utilisation { $moment }
password-unused = Jamais utilisé
password-expires = Prend fin le { $date }
password-revoke = Révoquer
password-revoke-label = Révoquer le mot de passe { $name }
password-new-heading = Nouveau mot de passe d’application
password-name = Nom, par exemple de l’appareil
password-places = Où il est valable
password-scope = Ce qu’il permet
password-mint = Créer un mot de passe

new-password-title = Votre nouveau mot de passe
new-password-lead = Voici le mot de passe { $name }. Copiez-le maintenant : il ne sera plus affiché.
new-password-back = Retour à votre compte

moment-now = à l’instant
moment-minutes =
    { $count ->
        [one] il y a une minute
       *[other] il y a { $count } minutes
    }
moment-hours =
    { $count ->
        [one] il y a une heure
       *[other] il y a { $count } heures
    }
moment-days =
    { $count ->
        [one] il y a un jour
       *[other] il y a { $count } jours
    }

## Les pages où il n’y a rien à faire

still-signed-in-title = Vous êtes toujours connecté
still-signed-in-text = Rien n’a été modifié. Vous pouvez fermer cette fenêtre.
not-signed-in-title = Vous n’êtes pas connecté
not-signed-in-text = Rien n’a été modifié. Vous pouvez fermer cette fenêtre.

out-of-band-title = Votre code
out-of-band-lead = Copiez-le dans le programme qui vous a demandé de vous connecter. Il est valable peu de temps, et une seule fois.
out-of-band-none = Il n’y a pas de code. Retournez au programme qui vous a demandé de vous connecter et recommencez.

not-found-title = Page introuvable
not-found-text = Il n’y a rien à cette adresse.
unreadable-title = Cette demande est incomplète
unreadable-text = L’application a envoyé quelque chose d’incompréhensible. Revenez à l’application et réessayez ; si cela ne suffit pas, prévenez son administrateur.
unknown-application-title = Cette application n’est pas connue ici
unknown-application-text = L’application qui vous a envoyé ici n’est pas enregistrée de cette façon ; vous n’y êtes donc pas renvoyé. Prévenez son administrateur.
invalid-sign-out-title = Cette demande de déconnexion n’est pas valide
invalid-sign-out-text = L’application a demandé votre déconnexion d’une façon qui ne peut pas être vérifiée. Vous êtes toujours connecté.
foreign-form-title = Cette page n’appartient pas à ce navigateur
foreign-form-text = Rien n’a été fait. Revenez à l’application et recommencez. Les cookies doivent être autorisés pour ce site.
nothing-waits-title = Aucune connexion en attente
nothing-waits-text = La connexion commence dans une application. Ouvrez l’application que vous souhaitez utiliser.
unavailable-title = Indisponible pour le moment
unavailable-text = Quelque chose ne fonctionne pas ici. Veuillez réessayer dans un instant.
failed-title = Une erreur s’est produite ici
failed-text = Veuillez réessayer dans un instant.
