/** The report as a page of its own: no script, nothing from elsewhere, and nothing left out. */
import { html, toHtml } from "../escape.ts";
import { bundleHeader, bundleRows, dependencyHeader, dependencyRows, filesLine } from "../markdown/code.ts";
import { codes } from "../markdown/phrases.ts";
import { linesOf } from "../markdown/property-blocks.ts";
import { isUnchanged, nothingChanges, provenance } from "../markdown/report.ts";
import { rowsOf, stackHeader, symbols } from "../markdown/stack-tables.ts";
import { goingHeader, goingIn, goingRows, headline } from "../markdown/summary.ts";
import { kindNameOf } from "../compared.ts";
import { type CodeDiff, type Phrase, type PropertyChange, type Report, say, type StackDiff } from "../model.ts";
import { graphPicture } from "./graph-picture.ts";
import { style } from "./style.ts";

export function renderHtml(report: Report): string {
  const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
  return [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    "<title>Infrastructure diff</title>",
    `<style>${style}</style>`,
    "</head>",
    "<body>",
    "<h1>Infrastructure</h1>",
    ...summaryOf(report),
    ...report.stacks.flatMap(stackOf),
    ...(report.code ? codeOf(report.code) : []),
    ...footOf(report),
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

function summaryOf(report: Report): string[] {
  const going = goingIn(report);
  return [
    ...(isUnchanged(report)
      ? [`<p>${toHtml(nothingChanges(report))}</p>`]
      : listOf(headline(report).map(({ names, words }) => `<b>${toHtml(codes(names))}</b>: ${words}`))),
    ...(report.findings.length > 0
      ? [
          "<h2>What will be felt</h2>",
          '<ul class="findings">',
          ...report.findings.map(
            ({ weight, stacks, phrase }) =>
              `<li class="${weight}"><b>${toHtml(codes(stacks))}</b>: ${toHtml(phrase)}</li>`,
          ),
          "</ul>",
        ]
      : []),
    ...(going.length > 0 ? ["<h2>Deleted and replaced</h2>", ...tableOf(goingHeader, goingRows(going))] : []),
  ];
}

function stackOf(diff: StackDiff): string[] {
  const { stack, problems, changes, settings, outputs, graph } = diff;
  const rows = rowsOf(diff);
  const details = [
    ...detailOf("~ configuration", settings),
    ...changes.flatMap(({ kind, type, name, properties }) =>
      detailOf(`${symbols[kind]} ${kindNameOf(type)} ${name}`, properties),
    ),
    ...detailOf("~ outputs", outputs),
  ];
  return [
    "<section>",
    `<h2>${toHtml(say`${stack}`)}</h2>`,
    ...(problems.length > 0
      ? ["<p>It cannot be deployed:</p>", preOf(problems.flatMap((text) => text.split("\n")))]
      : []),
    ...(rows.length > 0 ? tableOf(stackHeader, rows) : []),
    `<div class="picture">${graphPicture(graph)}</div>`,
    ...details,
    "</section>",
  ];
}

function detailOf(title: string, properties: PropertyChange[]): string[] {
  if (properties.length === 0) return [];
  return ["<details>", `<summary>${html(title)}</summary>`, preOf(properties.flatMap(linesOf)), "</details>"];
}

const lineClasses: Record<string, string> = { "+": "add", "-": "remove", "!": "other" };

const preOf = (lines: string[]): string =>
  `<pre>${lines.map((line) => `<span class="${lineClasses[line.charAt(0)] ?? "plain"}">${html(line)}</span>`).join("\n")}</pre>`;

function codeOf({ files, artifacts, dependencies }: CodeDiff): string[] {
  const bundles = bundleRows(artifacts);
  return [
    "<h2>Code</h2>",
    `<p>${toHtml(filesLine(files))}</p>`,
    ...(bundles.length > 0 ? tableOf(bundleHeader, bundles) : []),
    ...(dependencies.length > 0 ? tableOf(dependencyHeader, dependencyRows(dependencies)) : []),
  ];
}

function footOf(report: Report): string[] {
  const notes = report.stacks.flatMap(({ stack, notes: own }) =>
    own.map((note) => toHtml([...say`${stack}: `, ...note])),
  );
  return [
    "<footer>",
    `<p>${toHtml(provenance(report))}</p>`,
    ...listOf([...notes, ...report.notes.map(toHtml)]),
    "</footer>",
  ];
}

const listOf = (items: string[]): string[] =>
  items.length === 0 ? [] : ["<ul>", ...items.map((item) => `<li>${item}</li>`), "</ul>"];

function tableOf(header: string[], rows: Phrase[][]): string[] {
  const row = (cells: string[], tag: string): string =>
    `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join("")}</tr>`;
  return ["<table>", row(header, "th"), ...rows.map((cells) => row(cells.map(toHtml), "td")), "</table>"];
}
