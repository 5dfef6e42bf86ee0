# What the pages say, in English: the language that every other one is compared with.
#
# Project Fluent's syntax. Names in braces are put in by the page; what people or applications
# are called may be in any language and any direction, so keep the sentence around it complete.

cancel = Cancel

## The sign-in page

sign-in-title = Sign in
sign-in-title-problem = Error: Sign in
sign-in-lead = to continue to { $client }
sign-in-lead-account = to continue to your account
sign-in-username = User name
sign-in-password = Password
sign-in-submit = Sign in

problem-denied = The user name or the password is wrong.
problem-throttled = There were too many attempts. Ask your administrator to let you in again.
problem-throttled-seconds =
    { $count ->
        [one] There were too many attempts. Try again in a second.
       *[other] There were too many attempts. Try again in { $count } seconds.
    }
problem-throttled-minutes =
    { $count ->
        [one] There were too many attempts. Try again in a minute.
       *[other] There were too many attempts. Try again in { $count } minutes.
    }
problem-throttled-hours =
    { $count ->
        [one] There were too many attempts. Try again in an hour.
       *[other] There were too many attempts. Try again in { $count } hours.
    }
problem-step-up = Your account asks for a second factor, which is not possible on this page. Sign in to Cells directly instead.
problem-new-password = Your password is right, but Cells asks you to choose a new one first. Sign in to Cells directly, choose it there, and come back.
sign-in-elsewhere = Go to the sign-in page of Cells
problem-busy = Many people are signing in at the moment, and your password was not checked. Please try again in a few seconds.
problem-unavailable = Signing in is not possible at the moment, whatever the password. Please try again in a minute.
problem-expired = This page was open for too long. Please sign in again.

## The page that asks which account to go on with

select-account-title = Choose an account
select-account-lead = to continue to { $client }
select-account-continue = Continue as { $login }
select-account-continue-named = Continue as { $user } ({ $login })
select-account-another = Use another account

## The page that asks for consent, and what applications may do

consent-title = Allow access?
consent-heading = Allow { $client }?
consent-lead = { $client } asks for access to your account. You are signed in as { $user }. It would be able to:
consent-about = About this application
consent-policy = Privacy policy
consent-terms = Terms of service
consent-allow = Allow
consent-deny = Deny

scope-openid = Recognize you when you come back
scope-profile = See your name and your user name
scope-email = See your email address
scope-address = See your postal address
scope-phone = See your telephone number
scope-groups = See which groups you belong to
scope-roles = See which roles you have
scope-offline_access = Keep this access while you are away
scope-offline = Keep this access while you are away

claim-preferred_username = See your user name
claim-name = See your full name
claim-given_name = See your first name
claim-family_name = See your last name
claim-middle_name = See your middle name
claim-nickname = See your nickname
claim-profile = See the address of your profile page
claim-picture = See your picture
claim-website = See the address of your website
claim-gender = See your gender
claim-birthdate = See your date of birth
claim-zoneinfo = See your time zone
claim-locale = See your language
claim-updated_at = See when your profile was changed
claim-email = See your email address
claim-email_verified = See whether your email address is verified
claim-address = See your postal address
claim-phone_number = See your telephone number
claim-phone_number_verified = See whether your telephone number is verified
claim-groups = See which groups you belong to
claim-roles = See which roles you have

## The page on the way back to an application

form-post-title = Back to { $client }
form-post-heading = Almost there
form-post-lead = You are being taken back to { $client }. If nothing happens, press the button.
form-post-continue = Continue

## Signing out

sign-out-title = Sign out
sign-out-heading = Sign out?
sign-out-lead = You are signed in as { $user }. Signing out ends your access in every application that you opened with it.
sign-out-submit = Sign out
sign-out-stay = Stay signed in

signed-out-title = You are signed out
signed-out-text = You can close this window.
signed-out-next = Your applications are being told. You are taken back in a moment.
signed-out-continue = Continue now
signed-out-frame = Sign-out of an application

## The account page

account-title = Your account
account-lead = You are signed in as { $user }.
account-notice-session-ended = That device is signed out.
account-notice-others-ended = Every other device is signed out.
account-notice-withdrawn = The application has no access any more.
account-notice-password-ended = The password is revoked.
account-notice-password-incomplete = No password was made: it needs a name and at least one place where it is good.
account-notice-passwords-full = No password was made: you have as many as you may have. Revoke one first.

sessions-heading = Where you are signed in
session-browser-unknown = An unknown browser
session-device = { $browser } on { $system }
session-current = This device
session-address = From { $address }
session-signed-in = Signed in { $moment }
session-last-seen = Last seen { $moment }
session-end = Sign out
session-end-label = Sign out { $device }
session-end-label-current = Sign out { $device }, this device
sessions-end-others = Sign out every other device
sessions-end-all = Sign out everywhere

applications-heading = Your applications
applications-none = No application has access to your account.
application-open = Open
application-open-label = Open { $client }
application-since = Since { $moment }
application-withdraw = Withdraw access
application-withdraw-label = Withdraw access of { $client }

passwords-heading = Application passwords
passwords-lead = For programs that can send nothing but a user name and a password, such as WebDAV clients. Give each program its own.
password-created = Made { $moment }
password-used = Last used { $moment }
password-unused = Never used
password-expires = Ends on { $date }
password-revoke = Revoke
password-revoke-label = Revoke the password { $name }
password-new-heading = New application password
password-name = Name, for example of the device
password-places = Where it is good
password-scope = What it may
password-mint = Make a password

new-password-title = Your new password
new-password-lead = This is the password { $name }. Copy it now: it is not shown again.
new-password-back = Back to your account

moment-now = just now
moment-minutes =
    { $count ->
        [one] a minute ago
       *[other] { $count } minutes ago
    }
moment-hours =
    { $count ->
        [one] an hour ago
       *[other] { $count } hours ago
    }
moment-days =
    { $count ->
        [one] a day ago
       *[other] { $count } days ago
    }

## Pages with nothing to do on them

still-signed-in-title = You are still signed in
still-signed-in-text = Nothing was changed. You can close this window.
not-signed-in-title = You are not signed in
not-signed-in-text = Nothing was changed. You can close this window.

out-of-band-title = Your code
out-of-band-lead = Copy it to the program that asked you to sign in. It is good for a short time, and once.
out-of-band-none = There is no code. Go back to the program that asked you to sign in, and start again.

not-found-title = Page not found
not-found-text = There is nothing at this address.
unreadable-title = This request is incomplete
unreadable-text = The application sent something that cannot be understood. Go back to it and try again; if that does not help, tell its administrator.
unknown-application-title = This application is not known here
unknown-application-text = The application that sent you here is not registered in this way, so you are not sent back to it. Tell its administrator.
invalid-sign-out-title = This sign-out request is not valid
invalid-sign-out-text = The application asked to sign you out in a way that cannot be verified. You are still signed in.
foreign-form-title = This page does not belong to this browser
foreign-form-text = Nothing was done. Go back to the application and start again. Cookies must be allowed for this site.
nothing-waits-title = Nothing to sign in to
nothing-waits-text = Signing in starts at an application. Open the application that you want to use.
unavailable-title = Not available at the moment
unavailable-text = Something is not working here. Please try again in a moment.
failed-title = Something went wrong here
failed-text = Please try again in a moment.
