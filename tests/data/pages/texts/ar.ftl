# A language that an operator adds, written from right to left.

cancel = إلغاء

sign-in-title = تسجيل الدخول
sign-in-title-problem = خطأ: تسجيل الدخول
sign-in-lead = للمتابعة إلى { $client }
sign-in-lead-account = للمتابعة إلى حسابك
sign-in-username = اسم المستخدم
sign-in-password = كلمة المرور
sign-in-submit = تسجيل الدخول

problem-denied = اسم المستخدم أو كلمة المرور غير صحيحة.
problem-throttled = محاولات كثيرة جدًا. اطلب من المسؤول السماح لك بالدخول مجددًا.
problem-throttled-seconds =
    { $count ->
        [one] محاولات كثيرة جدًا. حاول مجددًا بعد ثانية.
        [two] محاولات كثيرة جدًا. حاول مجددًا بعد ثانيتين.
        [few] محاولات كثيرة جدًا. حاول مجددًا بعد { $count } ثوانٍ.
       *[other] محاولات كثيرة جدًا. حاول مجددًا بعد { $count } ثانية.
    }
problem-throttled-minutes =
    { $count ->
        [one] محاولات كثيرة جدًا. حاول مجددًا بعد دقيقة.
        [two] محاولات كثيرة جدًا. حاول مجددًا بعد دقيقتين.
        [few] محاولات كثيرة جدًا. حاول مجددًا بعد { $count } دقائق.
       *[other] محاولات كثيرة جدًا. حاول مجددًا بعد { $count } دقيقة.
    }
problem-throttled-hours =
    { $count ->
        [one] محاولات كثيرة جدًا. حاول مجددًا بعد ساعة.
        [two] محاولات كثيرة جدًا. حاول مجددًا بعد ساعتين.
        [few] محاولات كثيرة جدًا. حاول مجددًا بعد { $count } ساعات.
       *[other] محاولات كثيرة جدًا. حاول مجددًا بعد { $count } ساعة.
    }
problem-step-up = يتطلب حسابك خطوة ثانية غير ممكنة في هذه الصفحة. سجّل الدخول إلى Cells مباشرة.
problem-new-password = كلمة مرورك صحيحة، لكن Cells يطلب منك اختيار كلمة جديدة أولًا. سجّل الدخول إلى Cells مباشرة واخترها هناك ثم عُد.
sign-in-elsewhere = إلى صفحة تسجيل الدخول في Cells
problem-busy = كثيرون يسجّلون الدخول الآن، ولم يتم التحقق من كلمة مرورك. حاول مجددًا بعد بضع ثوانٍ.
problem-unavailable = تسجيل الدخول غير ممكن حاليًا مهما كانت كلمة المرور. حاول مجددًا بعد دقيقة.
problem-expired = بقيت هذه الصفحة مفتوحة مدة طويلة. سجّل الدخول مجددًا.

select-account-title = اختيار حساب
select-account-lead = للمتابعة إلى { $client }
select-account-continue = المتابعة باسم { $login }
select-account-continue-named = المتابعة باسم { $user } ({ $login })
select-account-another = استخدام حساب آخر

consent-title = السماح بالوصول؟
consent-heading = السماح لـ { $client }؟
consent-lead = يطلب { $client } الوصول إلى حسابك. أنت مسجّل الدخول باسم { $user }. سيتمكن التطبيق من:
consent-about = عن هذا التطبيق
consent-policy = سياسة الخصوصية
consent-terms = شروط الخدمة
consent-allow = سماح
consent-deny = رفض

scope-openid = التعرّف عليك عند عودتك
scope-profile = رؤية اسمك واسم المستخدم
scope-email = رؤية عنوان بريدك الإلكتروني
scope-address = رؤية عنوانك البريدي
scope-phone = رؤية رقم هاتفك
scope-groups = رؤية المجموعات التي تنتمي إليها
scope-roles = رؤية أدوارك
scope-offline_access = الاحتفاظ بهذا الوصول أثناء غيابك
scope-offline = الاحتفاظ بهذا الوصول أثناء غيابك

claim-preferred_username = رؤية اسم المستخدم
claim-name = رؤية اسمك الكامل
claim-given_name = رؤية اسمك الأول
claim-family_name = رؤية اسم عائلتك
claim-middle_name = رؤية اسمك الأوسط
claim-nickname = رؤية لقبك
claim-profile = رؤية عنوان صفحة ملفك الشخصي
claim-picture = رؤية صورتك
claim-website = رؤية عنوان موقعك
claim-gender = رؤية جنسك
claim-birthdate = رؤية تاريخ ميلادك
claim-zoneinfo = رؤية منطقتك الزمنية
claim-locale = رؤية لغتك
claim-updated_at = رؤية وقت تغيير ملفك الشخصي
claim-email = رؤية عنوان بريدك الإلكتروني
claim-email_verified = رؤية ما إذا كان بريدك الإلكتروني موثّقًا
claim-address = رؤية عنوانك البريدي
claim-phone_number = رؤية رقم هاتفك
claim-phone_number_verified = رؤية ما إذا كان رقم هاتفك موثّقًا
claim-groups = رؤية المجموعات التي تنتمي إليها
claim-roles = رؤية أدوارك

form-post-title = العودة إلى { $client }
form-post-heading = أوشكنا على الانتهاء
form-post-lead = ستعود الآن إلى { $client }. إذا لم يحدث شيء، فاضغط على الزر.
form-post-continue = متابعة

sign-out-title = تسجيل الخروج
sign-out-heading = هل تريد تسجيل الخروج؟
sign-out-lead = أنت مسجّل الدخول باسم { $user }. ينهي تسجيل الخروج وصولك في كل التطبيقات التي فتحتها به.
sign-out-submit = تسجيل الخروج
sign-out-stay = البقاء مسجّل الدخول

signed-out-title = تم تسجيل خروجك
signed-out-text = يمكنك إغلاق هذه النافذة.
signed-out-next = يجري إبلاغ تطبيقاتك. ستعود بعد لحظات.
signed-out-continue = المتابعة الآن
signed-out-frame = تسجيل الخروج من تطبيق

account-title = حسابك
account-lead = أنت مسجّل الدخول باسم { $user }.
account-notice-session-ended = تم تسجيل خروج ذلك الجهاز.
account-notice-others-ended = تم تسجيل خروج كل الأجهزة الأخرى.
account-notice-withdrawn = لم يعد للتطبيق أي وصول.
account-notice-password-ended = أُلغيت كلمة المرور.
account-notice-password-incomplete = لم تُنشأ كلمة مرور: تحتاج إلى اسم وإلى مكان واحد على الأقل تصلح فيه.
account-notice-passwords-full = لم تُنشأ كلمة مرور: لديك العدد المسموح به. ألغِ واحدة أولًا.

sessions-heading = أين سجّلت الدخول
session-browser-unknown = متصفح غير معروف
session-device = { $browser } على { $system }
session-current = هذا الجهاز
session-address = من { $address }
session-signed-in = تسجيل الدخول { $moment }
session-last-seen = آخر نشاط { $moment }
session-end = تسجيل الخروج
session-end-label = تسجيل خروج { $device }
session-end-label-current = تسجيل خروج { $device }، هذا الجهاز
sessions-end-others = تسجيل خروج كل الأجهزة الأخرى
sessions-end-all = تسجيل الخروج من كل مكان

applications-heading = تطبيقاتك
applications-none = لا يملك أي تطبيق وصولًا إلى حسابك.
application-open = فتح
application-open-label = فتح { $client }
application-since = أول إذن { $moment }
application-withdraw = سحب الوصول
application-withdraw-label = سحب وصول { $client }

passwords-heading = كلمات مرور التطبيقات
passwords-lead = للبرامج التي لا ترسل إلا اسم مستخدم وكلمة مرور، مثل برامج WebDAV. أعطِ كل برنامج كلمة خاصة به.
password-created = أُنشئت { $moment }
password-used = آخر استخدام { $moment }
password-unused = لم تُستخدم قط
password-expires = تنتهي في { $date }
password-revoke = إلغاء
password-revoke-label = إلغاء كلمة المرور { $name }
password-new-heading = كلمة مرور جديدة لتطبيق
password-name = الاسم، مثل اسم الجهاز
password-places = أين تصلح
password-scope = ما تسمح به
password-mint = إنشاء كلمة مرور

new-password-title = كلمة مرورك الجديدة
new-password-lead = هذه كلمة المرور { $name }. انسخها الآن: لن تُعرض مرة أخرى.
new-password-back = العودة إلى حسابك

moment-now = الآن
moment-minutes =
    { $count ->
        [one] قبل دقيقة
        [two] قبل دقيقتين
        [few] قبل { $count } دقائق
       *[other] قبل { $count } دقيقة
    }
moment-hours =
    { $count ->
        [one] قبل ساعة
        [two] قبل ساعتين
        [few] قبل { $count } ساعات
       *[other] قبل { $count } ساعة
    }
moment-days =
    { $count ->
        [one] قبل يوم
        [two] قبل يومين
        [few] قبل { $count } أيام
       *[other] قبل { $count } يومًا
    }

still-signed-in-title = ما زلت مسجّل الدخول
still-signed-in-text = لم يتغير شيء. يمكنك إغلاق هذه النافذة.
not-signed-in-title = أنت غير مسجّل الدخول
not-signed-in-text = لم يتغير شيء. يمكنك إغلاق هذه النافذة.

out-of-band-title = رمزك
out-of-band-lead = انسخه إلى البرنامج الذي طلب منك تسجيل الدخول. يصلح لوقت قصير ولمرة واحدة.
out-of-band-none = لا يوجد رمز. ارجع إلى البرنامج الذي طلب منك تسجيل الدخول وابدأ من جديد.

not-found-title = الصفحة غير موجودة
not-found-text = لا يوجد شيء في هذا العنوان.
unreadable-title = هذا الطلب غير مكتمل
unreadable-text = أرسل التطبيق شيئًا غير مفهوم. عد إليه وحاول مجددًا؛ وإن لم ينفع ذلك فأبلغ مسؤوله.
unknown-application-title = هذا التطبيق غير معروف هنا
unknown-application-text = التطبيق الذي أرسلك إلى هنا غير مسجّل بهذه الطريقة، لذلك لن تُعاد إليه. أبلغ مسؤوله.
invalid-sign-out-title = طلب تسجيل الخروج هذا غير صالح
invalid-sign-out-text = طلب التطبيق تسجيل خروجك بطريقة لا يمكن التحقق منها. ما زلت مسجّل الدخول.
foreign-form-title = هذه الصفحة لا تخص هذا المتصفح
foreign-form-text = لم يُنفّذ شيء. عد إلى التطبيق وابدأ من جديد. يجب السماح بملفات تعريف الارتباط لهذا الموقع.
nothing-waits-title = لا شيء ينتظر تسجيل الدخول
nothing-waits-text = يبدأ تسجيل الدخول من تطبيق. افتح التطبيق الذي تريد استخدامه.
unavailable-title = غير متاح حاليًا
unavailable-text = هناك شيء لا يعمل هنا. حاول مجددًا بعد لحظات.
failed-title = حدث خطأ هنا
failed-text = حاول مجددًا بعد لحظات.
