/**
 * The file format of oslo.config, in which Neutron's files are written: sections, `key = value` or `key: value`, continuation
 * lines that begin with a blank, whole-line comments with `#` or `;`, and keys that may stand more than once. Unlike other INI
 * readers it has no comments at the end of a line: `password = a;b#c` is a whole value. (oslo_config/iniparser.py)
 */

/** One assignment as it stands in a file. */
export interface Entry {
  readonly file: string;
  /** The line of the key, from 1. */
  readonly line: number;
  readonly section: string;
  readonly name: string;
  /** Continuation lines are joined by line ends; quotes around a whole value are taken off. */
  readonly text: string;
}

/** A line that is not of the format, or a value that is not what its option takes. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  /** The section and name, where there are any: `[DEFAULT] bind_port`. */
  readonly option?: string;
  readonly expected: string;
  readonly found: string;
}

/** A problem as one sentence. */
export function problemText(problem: Problem): string {
  const option = problem.option === undefined ? '' : `${problem.option}: `;
  return `${problem.file}:${problem.line}: ${option}expected ${problem.expected}, found ${problem.found}.`;
}

/** What a file says. */
export interface Parsed {
  readonly entries: readonly Entry[];
  readonly problems: readonly Problem[];
}

interface Open {
  readonly line: number;
  readonly name: string;
  readonly parts: string[];
}

/** A text from a file as an error message shows it: quoted, cut to 80 characters. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
}

/** Without the quotes around it; as in oslo.config one quote alone is nothing. */
function unquote(text: string): string {
  const first = text[0];
  return (first === '"' || first === "'") && text.endsWith(first) ? text.slice(1, -1) : text;
}

/** Where the key ends: the first `=` or `:`. */
function assignment(line: string): { name: string; text: string } | undefined {
  const at = line.search(/[=:]/);
  const name = line.slice(0, at).trim();
  return at < 1 || name === '' ? undefined : { name, text: unquote(line.slice(at + 1).trim()) };
}

/** The name in `[name]`, with which the line ends: a comment after it is a mistake, as in oslo.config. */
function heading(line: string): string | undefined {
  const name = line.endsWith(']') ? line.slice(1, -1) : '';
  return name === '' ? undefined : name;
}

/** Reads the text of a file; `file` is what entries and problems call it. It never throws. */
export function parseOslo(file: string, content: string): Parsed {
  const entries: Entry[] = [];
  const problems: Problem[] = [];
  let section: string | undefined;
  let open: Open | undefined;
  const close = (): void => {
    if (open && section !== undefined)
      entries.push({ file, line: open.line, section, name: open.name, text: open.parts.join('\n') });
    open = undefined;
  };
  const refuse = (line: number, expected: string, found: string): void => {
    problems.push({ file, line, expected, found: quote(found) });
  };
  const lines = content.replace(/^\ufeff/, '').split(/\r\n|\n|\r/);
  for (const [index, raw] of lines.entries()) {
    const number = index + 1;
    const line = raw.trimEnd();
    if (line === '') {
      close();
    } else if (line.startsWith(' ') || line.startsWith('\t')) {
      if (open) open.parts.push(line.trimStart());
      else refuse(number, 'a key, a section or a comment at the start of the line', line);
    } else if (line.startsWith('#') || line.startsWith(';')) {
      close();
    } else if (line.startsWith('[')) {
      close();
      section = heading(line);
      if (section === undefined) refuse(number, 'a section such as [DEFAULT]', line);
    } else {
      close();
      const given = assignment(line);
      if (!given) refuse(number, '"key = value"', line);
      else if (section === undefined) refuse(number, 'a section such as [DEFAULT] before the first key', line);
      else open = { line: number, name: given.name, parts: [given.text] };
    }
  }
  close();
  return { entries, problems };
}
