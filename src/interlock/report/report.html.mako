<%!
    from interlock.verdict.finding import Signal
%>\
<%def name="icon(name)"><svg class="icon" aria-hidden="true"><use href="#icon-${name}"/></svg></%def>\
<%def name="chip(signal)"><span class="chip ${signal.name.lower()}">${icon(signal.name.lower())}${signal.name}</span></%def>\
<%def name="proof_chip(proof)"><span class="chip ${proof}">${icon(proof)}${proof}</span></%def>\
<%def name="said(answer)">\
% if answer is None:
<span class="absent">–</span>\
% else:
<span class="status ${'bad' if answer.proof == 'failed' else ''}">${answer.status}</span>\
% endif
</%def>\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<title>${say.title(record)}</title>
<style>
${css | n}</style>
</head>
<body>
<svg class="sprite" aria-hidden="true">
  <symbol id="icon-clear" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7"/><path d="M4.8 8.3l2.2 2.2 4.2-4.6"/></symbol>
  <symbol id="icon-caution" viewBox="0 0 16 16"><path class="body" d="M8 1.2 15.4 14.4H.6Z"/><path d="M8 6v4M8 12.1v.1"/></symbol>
  <symbol id="icon-stop" viewBox="0 0 16 16"><path class="body" d="M4.9 1h6.2L15 4.9v6.2L11.1 15H4.9L1 11.1V4.9Z"/><path d="M4.6 8h6.8"/></symbol>
  <symbol id="icon-proved" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7"/><path d="M4.8 8.3l2.2 2.2 4.2-4.6"/></symbol>
  <symbol id="icon-failed" viewBox="0 0 16 16"><path class="body" d="M4.9 1h6.2L15 4.9v6.2L11.1 15H4.9L1 11.1V4.9Z"/><path d="M4.6 8h6.8"/></symbol>
  <symbol id="icon-locked" viewBox="0 0 16 16"><rect x="2.5" y="7" width="11" height="7.5" rx="1.5"/><path class="line" d="M5 7V5a3 3 0 0 1 6 0v2"/></symbol>
  <symbol id="icon-unproved" viewBox="0 0 16 16"><circle class="dashed" cx="8" cy="8" r="6.4"/><path class="line" d="M6.2 6.4a1.9 1.9 0 1 1 2.6 1.8c-.5.3-.8.6-.8 1.2M8 11.6v.1"/></symbol>
  <symbol id="icon-none" viewBox="0 0 16 16"><circle class="dashed" cx="8" cy="8" r="6.4"/></symbol>
</svg>

<header class="top">
  <div class="wrap">
    <p class="brand"><svg class="logo" viewBox="0 0 20 20" aria-hidden="true"><path d="M2 14h5l6-8h5M2 6h5M13 14h5"/></svg>Interlock <span>${say.occasion(record)} report</span></p>
    <p class="when"><time datetime="${say.in_utc(record.began).isoformat()}">${say.moment(record.began)}</time></p>
  </div>
</header>

<main class="wrap">

<section class="verdict ${record.verdict.signal.name.lower()}" aria-labelledby="verdict">
  <svg class="lamps" viewBox="0 0 40 100" aria-hidden="true">
    <rect class="head" x="1" y="1" width="38" height="98" rx="19"/>
    <circle class="lamp is-stop" cx="20" cy="20" r="12.5"/><path class="glyph is-stop" d="M14 20h12"/>
    <circle class="lamp is-caution" cx="20" cy="50" r="12.5"/><path class="glyph is-caution" d="M20 44v7.5M20 55.6v.1"/>
    <circle class="lamp is-clear" cx="20" cy="80" r="12.5"/><path class="glyph is-clear" d="M14.5 80.4l3.8 3.8 7.2-7.8"/>
  </svg>
  <div class="words">
    <p class="what">${say.occasion(record).capitalize()} of <b>${record.project}</b>\
% if record.target:
 on <b>${record.target.host}</b>\
% endif
</p>
    <h1 id="verdict">${record.verdict.signal.name}</h1>
    <p class="headline">${headline}</p>
  </div>
</section>

<section aria-label="Target">
  <dl class="facts">
% if record.target:
  % for name, fact in say.identity(record.target):
    <div><dt>${name}</dt><dd>${fact}</dd></div>
  % endfor
% else:
    <div><dt>Database</dt><dd>${say.no_target(record)}</dd></div>
% endif
% if say.builds(record):
    <div><dt>Build</dt><dd>${say.builds(record)}</dd></div>
% endif
    <div><dt>Began</dt><dd>${say.moment(record.began)}</dd></div>
    <div><dt>Took</dt><dd>${say.duration(record.seconds)}</dd></div>
  </dl>
</section>

<section aria-labelledby="evidence">
  <h2 id="evidence">What holds</h2>
  <ul class="tiles">
% for one in evidence:
    <li class="tile ${one.signal.name.lower() if one.signal is not None else 'none'}">
      <h3>${icon(one.signal.name.lower() if one.signal is not None else 'none')}${one.subject}</h3>
      <p>${one.clause[:1].upper() + one.clause[1:]}.</p>
    </li>
% endfor
    <li class="tile plain"><h3>Database</h3><p>${outcome}</p></li>
  </ul>
</section>

% if findings:
<section aria-labelledby="findings">
  <h2 id="findings">Findings <span class="count">${len(record.verdict.findings)}</span></h2>
  <ol class="findings">
  % for finding in findings:
    <li class="finding ${finding.signal.name.lower()}">
      <p class="where">${chip(finding.signal)}<span class="check">${finding.check}</span></p>
      <p class="message">${finding.message}</p>
    % if finding.remedy:
      <p class="remedy"><b>Next</b> ${finding.remedy}</p>
    % endif
    </li>
  % endfor
  </ol>
  % if told_by_drift:
  <p class="more">And ${told_by_drift} more: the lines of the drift below.</p>
  % endif
</section>
% endif

% if bars:
<section aria-labelledby="timeline">
  <h2 id="timeline">Timeline <span class="count">${say.duration(record.seconds)}</span></h2>
  <div class="panel timeline">
    <ol>
  % for bar in bars:
      <li class="stage ${bar.signal.name.lower()}">
        <span class="name">${icon(bar.signal.name.lower())}<span>${bar.check}<span class="hidden">: ${bar.signal.name}</span></span></span>
        <span class="summary">${bar.summary}</span>
        <span class="track" aria-hidden="true">\
    % for tick in ticks:
<i style="left:${tick.left}%"></i>\
    % endfor
    % if bar.left is None:
<b class="silent"></b>\
    % else:
<b style="left:${bar.left}%;width:${bar.width}%"></b>\
    % endif
</span>
        <span class="took">${bar.took or '–'}</span>
      </li>
  % endfor
    </ol>
    <p class="axis" aria-hidden="true"><span class="scale">\
  % for tick in ticks:
<i style="left:${tick.left}%"${' class=late' if tick.left > 90 else ''}>${tick.label}</i>\
  % endfor
</span></p>
  </div>
</section>
% endif

% for when, verification in comparisons:
<section aria-labelledby="drift-${when}">
  <h2 id="drift-${when}">Drift ${when} <span class="count">${len(verification.drift)}</span></h2>
  <p class="lead">The live schema compared with what the chain defines at <code>${say.revisions(verification.claimed)}</code>, ${say.counted(verification.compared_objects, 'object')}.
  % if say.location(verification):
  <strong>${say.location(verification)}</strong>
  % endif
  </p>
  <div class="panel">
  <table class="drift" role="table">
    <thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Object</th><th role="columnheader" scope="col">Declared</th><th role="columnheader" scope="col">Live</th><th role="columnheader" scope="col">Made</th><th role="columnheader" scope="col">Signal</th></tr></thead>
  % for group, members in say.grouped(verification.drift):
    <tbody role="rowgroup">
      <tr role="row" class="group"><th role="rowheader" scope="rowgroup" colspan="5">${group} <span class="count">${len(members)}</span></th></tr>
    % for blamed in members:
<%
    name = blamed.change.name
    declared, live = say.sides(blamed.change)
%>\
      <tr role="row">
        <th role="rowheader" scope="row"><span class="kind">${name.kind}</span> <code>${'.'.join(part for part in (name.schema, name.table, name.item) if part)}</code></th>
      % if group == 'Altered':
        <td role="cell" data-label="Declared"><ul class="lines">\
        % for attribute, value, _ in say.differences(blamed.change):
<li><span class="kind">${attribute}</span> <code class="declared">${value}</code></li>\
        % endfor
</ul></td>
        <td role="cell" data-label="Live"><ul class="lines">\
        % for attribute, _, value in say.differences(blamed.change):
<li><span class="kind">${attribute}</span> <code class="live">${value}</code></li>\
        % endfor
</ul></td>
      % else:
        <td role="cell" data-label="Declared">\
${code_or_word(declared, group == 'Missing', 'declared')}</td>
        <td role="cell" data-label="Live">\
${code_or_word(live, group == 'Unexpected', 'live')}</td>
      % endif
        <td role="cell" data-label="Made" class="maker">${say.maker(blamed)}</td>
        <td role="cell" data-label="Signal">${chip(blamed.signal)}</td>
      </tr>
    % endfor
    </tbody>
  % endfor
  </table>
  </div>
</section>
% endfor
<%def name="code_or_word(text, is_code, side)">\
% if is_code:
<code class="${side}">${text}</code>\
% else:
<span class="absent">${text}</span>\
% endif
</%def>\

% if record.plan or steps:
<section aria-labelledby="revisions">
  <h2 id="revisions">Revisions <span class="count">${len(steps)}</span></h2>
  % if record.plan and steps:
  <p class="lead">From <code>${say.revisions(record.plan.current)}</code> to <code>${record.plan.head}</code>.</p>
  % elif record.plan:
  <p class="lead">At <code>${say.revisions(record.plan.current)}</code>; nothing was pending.</p>
  % endif
  % if steps:
  <div class="panel">
  <table class="revisions" role="table">
    <thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Revision</th><th role="columnheader" scope="col">What it does</th><th role="columnheader" scope="col">State</th><th role="columnheader" scope="col" class="number">Took</th></tr></thead>
    <tbody role="rowgroup">
    % for one in steps:
      <tr role="row">
        <th role="rowheader" scope="row"><code>${one.step.revision}</code></th>
        <td role="cell" class="does">${one.step.message}<span class="path">${one.step.path}</span>\
      % if one.output:
<pre tabindex="0" aria-label="Output of ${one.step.revision}">${one.output}</pre>\
      % endif
</td>
        <td role="cell" data-label="State"><span class="chip ${one.state.replace(' ', '-')}">${one.state}</span></td>
        <td role="cell" data-label="Took" class="number">${say.duration(one.seconds) if one.seconds is not None else '–'}</td>
      </tr>
    % endfor
    </tbody>
  </table>
  </div>
  % endif
</section>
% endif

% if effects:
<section aria-labelledby="statements">
  <h2 id="statements">Statements <span class="count">${len(effects)}</span></h2>
  <p class="lead">What the revisions do to tables that are there already: measured on a scratch database, weighed with the live one.</p>
  % for effect in effects:
  <article class="panel effect">
    <h3><code>${effect.place}</code></h3>
    <pre tabindex="0" aria-label="Statement of ${effect.place}">${effect.sql}</pre>
    % if effect.does:
    <ul>
      % for line in effect.does:
      <li>${line}</li>
      % endfor
    </ul>
    % endif
    % for risk in effect.risks:
    <div class="risk">\
      % if risk.signal.name == "CLEAR":
<span class="chip clear">${icon("clear")}within the budget</span>\
      % else:
${chip(risk.signal)}\
      % endif
 <strong>${risk.rule}</strong>
      <p>${risk.message}</p>
      % if risk.answer:
      <p class="reason">${risk.answer}</p>
      % endif
      <p class="reason">Instead: ${risk.remedy}</p>
    </div>
    % endfor
  </article>
  % endfor
</section>
% endif

% if backup:
<section aria-labelledby="backup">
  <h2 id="backup">Backup</h2>
  <p class="lead">${backup}</p>
  % if backup_facts:
  <div class="panel">
  <table class="backup" role="table">
    <tbody role="rowgroup">
    % for name, fact in backup_facts:
      <tr role="row"><th role="rowheader" scope="row">${name}</th><td role="cell"><code>${fact}</code></td></tr>
    % endfor
    </tbody>
  </table>
  </div>
  % endif
</section>
% endif

% if matrix.rows:
<section aria-labelledby="endpoints">
  <h2 id="endpoints">Endpoints <span class="count">${len(matrix.rows)}</span></h2>
  <p class="lead">What each endpoint answered before and after, and what the newest answer proves.</p>
  <div class="panel scroll" tabindex="0" role="region" aria-labelledby="endpoints">
  <table class="matrix" role="table" style="--identities: ${len(matrix.identities)}">
    <thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Endpoint</th>\
  % for identity in matrix.identities:
<th role="columnheader" scope="col">${identity}</th>\
  % endfor
</tr></thead>
    <tbody role="rowgroup">
  % for probe, cells in matrix.rows:
      <tr role="row">
        <th role="rowheader" scope="row"><code>${probe}</code></th>
    % for identity, pairs in zip(matrix.identities, cells):
        <td role="cell" data-label="${identity}">\
      % for pair in pairs:
<div class="answer"><span class="change">\
        % if pair.after is None:
${said(pair.before)}\
        % elif pair.before is None or {pair.before.status, pair.after.status} == {'not asked'}:
${said(pair.after)}\
        % else:
${said(pair.before)}<span class="arrow"> → </span>${said(pair.after)}\
        % endif
</span> ${proof_chip(pair.proof)}\
        % for reason in pair.reasons:
<p class="reason">${reason}</p>\
        % endfor
</div>\
      % endfor
      % if not pairs:
<span class="absent">not asked</span>\
      % endif
</td>
    % endfor
      </tr>
  % endfor
    </tbody>
  </table>
  </div>
  <dl class="legend">
  % for proof, meaning in say.PROOFS.items():
    <div><dt>${proof_chip(proof)}</dt><dd>${meaning}</dd></div>
  % endfor
  </dl>
</section>
% endif

% if record.unproved:
<section aria-labelledby="unproved">
  <h2 id="unproved">Not covered by this verdict</h2>
  <ul class="panel unproved-list">
  % for line in record.unproved:
    <li>${line}</li>
  % endfor
  </ul>
</section>
% endif

</main>

<footer class="wrap">
  <dl>
    <div><dt>Release</dt><dd><code>${record.id}</code></dd></div>
    <div><dt>Began</dt><dd>${say.moment(record.began)}</dd></div>
    <div><dt>Ended</dt><dd>${say.moment(say.end(record))}</dd></div>
    <div><dt>Tool</dt><dd>interlock ${record.tool_version}</dd></div>
  </dl>
</footer>
</body>
</html>
