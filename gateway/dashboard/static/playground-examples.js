// The call of what was just done, for curl, Python and Node.

const NO_KEY = "YOUR_API_KEY";

/**
 * @typedef {object} Call
 * @property {string} url
 * @property {string} key as pasted; may be empty
 * @property {[string, string | File][]} fields in the order in which they were sent
 * @property {string} output name of the file that the answer becomes
 */

/** @param {Call} call */
export function curl({ url, key, fields, output }) {
  const lines = [`curl --fail-with-body ${shell(url)}`, `-H ${shell(`X-API-Key: ${key || NO_KEY}`)}`];
  for (const [name, value] of fields) lines.push(curlField(name, value));
  return [...lines, `-o ${shell(output)}`].join(" \\\n  ");
}

/** @param {Call} call */
export function python({ url, key, fields, output }) {
  const files = fields.filter(([, value]) => value instanceof File);
  const texts = fields.filter(([, value]) => !(value instanceof File));
  const entry = ([name, value]) => `        ${quote(name)}: ${value instanceof File ? `open(${quote(value.name)}, "rb")` : quote(value)},`;
  const data = texts.length ? ["    data={", ...texts.map(entry), "    },"] : [];
  return [
    "import requests",
    "",
    "response = requests.post(",
    `    ${quote(url)},`,
    `    headers={"X-API-Key": ${quote(key || NO_KEY)}},`,
    "    files={",
    ...files.map(entry),
    "    },",
    ...data,
    "    timeout=60,",
    ")",
    "response.raise_for_status()",
    `with open(${quote(output)}, "wb") as file:`,
    "    file.write(response.content)",
  ].join("\n");
}

/** @param {Call} call */
export function node({ url, key, fields, output }) {
  const append = ([name, value]) =>
    value instanceof File
      ? `form.append(${quote(name)}, new Blob([await readFile(${quote(value.name)})]), ${quote(value.name)});`
      : `form.append(${quote(name)}, ${quote(value)});`;
  return [
    'import { readFile, writeFile } from "node:fs/promises";',
    "",
    "const form = new FormData();",
    ...fields.map(append),
    "",
    `const response = await fetch(${quote(url)}, {`,
    '  method: "POST",',
    `  headers: { "X-API-Key": ${quote(key || NO_KEY)} },`,
    "  body: form,",
    "});",
    "if (!response.ok) throw new Error(await response.text());",
    `await writeFile(${quote(output)}, Buffer.from(await response.arrayBuffer()));`,
  ].join("\n");
}

function curlField(name, value) {
  if (value instanceof File) {
    const path = /[,;"\\]/.test(value.name) ? `"${value.name.replace(/["\\]/g, "\\$&")}"` : value.name;
    return `-F ${shell(`${name}=@${path}`)}`;
  }
  // -F gives a meaning to some characters of a text, --form-string to none.
  return `${/^[@<"(]|[;]/.test(value) ? "--form-string" : "-F"} ${shell(`${name}=${value}`)}`;
}

function shell(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

// JSON's strings are strings of Python and JavaScript too.
function quote(text) {
  return JSON.stringify(text);
}
