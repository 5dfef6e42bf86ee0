//! Forms and tags of a page, read as a browser without JavaScript does.

/// The first form of a page.
#[derive(Debug)]
pub(crate) struct Form {
    /// Lower case.
    pub(crate) method: String,
    pub(crate) action: String,
    /// Names and values of the hidden fields, in order.
    pub(crate) hidden: Vec<(String, String)>,
    html: String,
}

impl Form {
    /// The first form in `html`.
    pub(crate) fn find(html: &str) -> Option<Self> {
        let form = html.split_once("<form")?.1;
        let form = form.split("</form").next().unwrap_or(form);
        let tag = form.split('>').next().unwrap_or_default();
        let hidden = tags(form, "input")
            .filter(|tag| attribute(tag, "type").as_deref() == Some("hidden"))
            .filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value")?)))
            .collect();
        Some(Self {
            method: attribute(tag, "method")?.to_ascii_lowercase(),
            action: attribute(tag, "action")?,
            hidden,
            html: form.to_owned(),
        })
    }

    /// Whether it has a field of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        tags(&self.html, "input").any(|tag| attribute(tag, "name").as_deref() == Some(name))
    }

    /// Name and value that the button with this id sends.
    pub(crate) fn button(&self, id: &str) -> Option<(String, String)> {
        tags(&self.html, "button")
            .find(|tag| attribute(tag, "id").as_deref() == Some(id))
            .map(|tag| {
                let text = |name| attribute(tag, name).unwrap_or_default();
                (text("name"), text("value"))
            })
    }
}

/// `action` and the hidden fields of the first form in `html`.
#[track_caller]
pub(crate) fn form_fields(html: &str) -> (String, Vec<(String, String)>) {
    let form = Form::find(html).unwrap_or_else(|| panic!("no form in {html}"));
    (form.action, form.hidden)
}

/// What the attribute is in each tag called `tag` that has it.
pub(crate) fn attributes(html: &str, tag: &str, name: &str) -> Vec<String> {
    tags(html, tag)
        .filter_map(|tag| attribute(tag, name))
        .collect()
}

/// The insides of the start tags called `name`.
fn tags<'a>(html: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    html.split('<')
        .filter_map(move |rest| rest.strip_prefix(name))
        .map(|rest| rest.split('>').next().unwrap_or_default())
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let value = tag
        .split_once(&format!(" {name}=\""))?
        .1
        .split('"')
        .next()?;
    let unescaped = [
        ("&#x2f;", "/"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#x27;", "'"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(value.to_owned(), |text, (entity, character)| {
        text.replace(entity, character)
    });
    Some(unescaped)
}
