# Lo que dicen las páginas, en español.

cancel = Cancelar

## El inicio de sesión

sign-in-title = Iniciar sesión
sign-in-title-problem = Error: iniciar sesión
sign-in-lead = para continuar en { $client }
sign-in-lead-account = para continuar en su cuenta
sign-in-username = Nombre de usuario
sign-in-password = Contraseña
sign-in-submit = Iniciar sesión

problem-denied = El nombre de usuario o la contraseña no son correctos.
problem-throttled = Ha habido demasiados intentos. Pida a su administrador que restablezca su acceso.
problem-throttled-seconds =
    { $count ->
        [one] Ha habido demasiados intentos. Vuelva a intentarlo dentro de un segundo.
       *[other] Ha habido demasiados intentos. Vuelva a intentarlo dentro de { $count } segundos.
    }
problem-throttled-minutes =
    { $count ->
        [one] Ha habido demasiados intentos. Vuelva a intentarlo dentro de un minuto.
       *[other] Ha habido demasiados intentos. Vuelva a intentarlo dentro de { $count } minutos.
    }
problem-throttled-hours =
    { $count ->
        [one] Ha habido demasiados intentos. Vuelva a intentarlo dentro de una hora.
       *[other] Ha habido demasiados intentos. Vuelva a intentarlo dentro de { $count } horas.
    }
problem-step-up = Su cuenta requiere un segundo factor que no es posible en esta página. Inicie sesión directamente en Cells.
problem-new-password = Su contraseña es correcta, pero Cells le pide que elija antes una nueva. Inicie sesión directamente en Cells, elíjala allí y vuelva.
sign-in-elsewhere = Ir a la página de inicio de sesión de Cells
problem-busy = Muchas personas están iniciando sesión en este momento y su contraseña no se ha comprobado. Vuelva a intentarlo dentro de unos segundos.
problem-unavailable = En este momento no es posible iniciar sesión, sea cual sea la contraseña. Vuelva a intentarlo dentro de un minuto.
problem-expired = Esta página ha estado abierta demasiado tiempo. Vuelva a iniciar sesión.

## La elección de la cuenta

select-account-title = Elegir una cuenta
select-account-lead = para continuar en { $client }
select-account-continue = Continuar como { $login }
select-account-continue-named = Continuar como { $user } ({ $login })
select-account-another = Usar otra cuenta

## El consentimiento, y lo que pueden hacer las aplicaciones

consent-title = ¿Permitir el acceso?
consent-heading = ¿Dar acceso a { $client }?
consent-lead = { $client } solicita acceso a su cuenta. Ha iniciado sesión como { $user }. La aplicación podría:
consent-about = Acerca de esta aplicación
consent-policy = Política de privacidad
consent-terms = Condiciones del servicio
consent-allow = Permitir
consent-deny = Denegar

scope-openid = Reconocerle cuando vuelva
scope-profile = Ver su nombre y su nombre de usuario
scope-email = Ver su dirección de correo electrónico
scope-address = Ver su dirección postal
scope-phone = Ver su número de teléfono
scope-groups = Ver a qué grupos pertenece
scope-roles = Ver qué roles tiene
scope-offline_access = Conservar este acceso mientras no esté presente
scope-offline = Conservar este acceso mientras no esté presente

claim-preferred_username = Ver su nombre de usuario
claim-name = Ver su nombre completo
claim-given_name = Ver su nombre de pila
claim-family_name = Ver sus apellidos
claim-middle_name = Ver su segundo nombre
claim-nickname = Ver su apodo
claim-profile = Ver la dirección de su página de perfil
claim-picture = Ver su foto
claim-website = Ver la dirección de su sitio web
claim-gender = Ver su género
claim-birthdate = Ver su fecha de nacimiento
claim-zoneinfo = Ver su zona horaria
claim-locale = Ver su idioma
claim-updated_at = Ver cuándo se modificó su perfil
claim-email = Ver su dirección de correo electrónico
claim-email_verified = Ver si su dirección de correo electrónico está verificada
claim-address = Ver su dirección postal
claim-phone_number = Ver su número de teléfono
claim-phone_number_verified = Ver si su número de teléfono está verificado
claim-groups = Ver a qué grupos pertenece
claim-roles = Ver qué roles tiene

## La vuelta a la aplicación

form-post-title = Volver a { $client }
form-post-heading = Ya casi está
form-post-lead = Va a volver a { $client }. Si no ocurre nada, pulse el botón.
form-post-continue = Continuar

## El cierre de sesión

sign-out-title = Cerrar sesión
sign-out-heading = ¿Cerrar sesión?
sign-out-lead = Ha iniciado sesión como { $user }. Al cerrarla se termina su acceso en todas las aplicaciones que haya abierto con ella.
sign-out-submit = Cerrar sesión
sign-out-stay = Mantener la sesión

signed-out-title = Ha cerrado la sesión
signed-out-text = Puede cerrar esta ventana.
signed-out-next = Se está avisando a sus aplicaciones. Volverá en un momento.
signed-out-continue = Continuar ahora
signed-out-frame = Cierre de sesión de una aplicación

## La página de la cuenta

account-title = Su cuenta
account-lead = Ha iniciado sesión como { $user }.
account-notice-session-ended = Se ha cerrado la sesión de ese dispositivo.
account-notice-others-ended = Se ha cerrado la sesión de todos los demás dispositivos.
account-notice-withdrawn = La aplicación ya no tiene acceso.
account-notice-password-ended = La contraseña está revocada.
account-notice-password-incomplete = No se creó ninguna contraseña: necesita un nombre y al menos un lugar donde valga.
account-notice-passwords-full = No se creó ninguna contraseña: ya tiene tantas como se permiten. Revoque antes una.

sessions-heading = Dónde ha iniciado sesión
session-browser-unknown = Un navegador desconocido
session-device = { $browser } en { $system }
session-current = Este dispositivo
session-address = Desde { $address }
session-signed-in = Sesión iniciada { $moment }
session-last-seen = Última actividad { $moment }
session-end = Cerrar sesión
session-end-label = Cerrar la sesión de { $device }
session-end-label-current = Cerrar la sesión de { $device }, este dispositivo
sessions-end-others = Cerrar la sesión de los demás dispositivos
sessions-end-all = Cerrar todas las sesiones

applications-heading = Sus aplicaciones
applications-none = Ninguna aplicación tiene acceso a su cuenta.
application-open = Abrir
application-open-label = Abrir { $client }
application-since = Primera autorización { $moment }
application-withdraw = Retirar el acceso
application-withdraw-label = Retirar el acceso de { $client }

passwords-heading = Contraseñas de aplicación
passwords-lead = Para programas que solo saben enviar un nombre de usuario y una contraseña, como los clientes WebDAV. Dé a cada programa la suya.
password-created = Creada { $moment }
password-used = Último uso { $moment }
password-unused = Nunca usada
password-expires = Termina el { $date }
password-revoke = Revocar
password-revoke-label = Revocar la contraseña { $name }
password-new-heading = Nueva contraseña de aplicación
password-name = Nombre, por ejemplo del dispositivo
password-places = Dónde vale
password-scope = Qué permite
password-mint = Crear una contraseña

new-password-title = Su nueva contraseña
new-password-lead = Esta es la contraseña { $name }. Cópiela ahora: no se volverá a mostrar.
new-password-back = Volver a su cuenta

moment-now = ahora mismo
moment-minutes =
    { $count ->
        [one] hace un minuto
       *[other] hace { $count } minutos
    }
moment-hours =
    { $count ->
        [one] hace una hora
       *[other] hace { $count } horas
    }
moment-days =
    { $count ->
        [one] hace un día
       *[other] hace { $count } días
    }

## Las páginas en las que no hay nada que hacer

still-signed-in-title = La sesión sigue abierta
still-signed-in-text = No se ha cambiado nada. Puede cerrar esta ventana.
not-signed-in-title = No ha iniciado sesión
not-signed-in-text = No se ha cambiado nada. Puede cerrar esta ventana.

out-of-band-title = Su código
out-of-band-lead = Cópielo en el programa que le pidió iniciar sesión. Es válido por poco tiempo y una sola vez.
out-of-band-none = No hay ningún código. Vuelva al programa que le pidió iniciar sesión y empiece de nuevo.

not-found-title = Página no encontrada
not-found-text = No hay nada en esta dirección.
unreadable-title = Esta solicitud está incompleta
unreadable-text = La aplicación ha enviado algo que no se puede entender. Vuelva a ella e inténtelo de nuevo; si no sirve de nada, avise a su administrador.
unknown-application-title = Esta aplicación no se conoce aquí
unknown-application-text = La aplicación que le ha enviado aquí no está registrada de esta forma, por lo que no se le devuelve a ella. Avise a su administrador.
invalid-sign-out-title = Esta solicitud de cierre de sesión no es válida
invalid-sign-out-text = La aplicación ha pedido cerrar su sesión de una forma que no se puede verificar. La sesión sigue abierta.
foreign-form-title = Esta página no pertenece a este navegador
foreign-form-text = No se ha hecho nada. Vuelva a la aplicación y empiece de nuevo. Las cookies deben estar permitidas para este sitio.
nothing-waits-title = No hay ningún inicio de sesión pendiente
nothing-waits-text = El inicio de sesión empieza en una aplicación. Abra la aplicación que quiera usar.
unavailable-title = No disponible en este momento
unavailable-text = Algo no funciona aquí. Vuelva a intentarlo dentro de un momento.
failed-title = Algo ha fallado aquí
failed-text = Vuelva a intentarlo dentro de un momento.
