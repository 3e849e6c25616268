//! Pages that frameworks show developers, and what they write into JSON for them.

use super::Kind::{Page, Trace};
use super::{Signature, row};

#[rustfmt::skip]
pub(super) const TABLE: &[Signature] = &[
    row("django", Page, r"because you have\s+(?:<code>)?DEBUG =\s+True"),
    row("django", Page, r"Django Version:\s*(?:</th>|\d)|tried these URL patterns|<pre class=.exception_value.>"),
    row("werkzeug", Page, r"Werkzeug Debugger|Werkzeug powered traceback|The debugger caught an exception in your WSGI"),
    row("starlette", Page, r"Starlette Debugger"),
    row("bottle", Page, r"<h2>Exception:</h2>\s*<pre>"),
    row("aiohttp", Page, r"<h2>Traceback:</h2>\s*<pre>"),
    row("express", Page, r"<pre>[^\n<]*<br>(?: &nbsp;)* ?&nbsp;at |<pre>[^\n<]*\n +at [^\n<]+<"),
    row("next", Page, r#""err":\{"name":"[^"\n]*","source":"|data-nextjs-dialog|nextjs__container_errors"#),
    row("rails", Page, r"<title>Action Controller: Exception caught</title>|\bRails\.root: /|Application Trace</a>"),
    row("rack", Page, r"because you use\s+(?:<code>)?Rack::ShowExceptions"),
    row("sinatra", Page, r"because you have\s+enabled the\s+(?:<code>)?show_exceptions|function toggleBacktrace\(\)|<h2>Sinatra doesn[^\n<]+ know this ditty"),
    row("laravel", Page, r"\bIlluminate\\\w+\\|<div class=.Whoops container|flareapp\.io|<!-- \w+(?:\\\w+)*(?:Exception|Error): "),
    row("symfony", Page, r"Symfony Exception</h1>|\bSymfony\\(?:Component|Bridge|Bundle)\\|<div class=.exception-summary|Symfony\\Component"),
    row("aspnet", Page, r"Exception Details:\s*(?:</b>\s*)?[\w.]+Exception|<(?:div|pre) class=.(?:titleerror|rawExceptionStackTrace)|<b>\s*Stack Trace:\s*</b>"),
    row("elixir", Trace, r"\*\* \((?:\w+\.)*\w*Error\) "),
    row("tomcat", Page, r"<b>Root Cause</b>|<b>Exception</b></p><pre>"),
    // Lists and objects of frames in JSON.
    row("apollo", Trace, r#""(?i:stack_?trace)"\s*:\s*\[\s*""#),
    row("json_frames", Trace, r#""(?i:file|file_?name)"\s*:\s*"[^"\n]+\.(?:py|rb|php|[jt]sx?|[cm]js|go|rs|java|kt|scala|cs|exs?)"\s*,\s*"(?i:line|line_?number|lineno)"\s*:\s*\d"#),
    row("json_frames", Trace, r#""methodName"\s*:\s*"[^"\n]+"\s*,\s*"fileName""#),
];
