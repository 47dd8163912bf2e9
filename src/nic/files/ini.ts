/** Files of sections and `key=value` lines, cut into pieces that give the same text again when they are joined. */

/** A section: its header line and what follows. The lines before the first header are a section without a name. */
export interface Section {
  readonly name: string | undefined;
  /** Lines without their ends; the header is the first where there is one. */
  readonly lines: readonly string[];
}

/** Cuts a text into sections. */
export function sectionsOf(text: string): Section[] {
  const sections: { name: string | undefined; lines: string[] }[] = [{ name: undefined, lines: [] }];
  for (const line of text.replace(/\n$/, '').split('\n')) {
    const name = /^\s*\[([^\]]+)\]\s*$/.exec(line)?.[1];
    if (name !== undefined) sections.push({ name, lines: [line] });
    else sections.at(-1)?.lines.push(line);
  }
  return sections.filter(({ name, lines }) => name !== undefined || lines.some((line) => line !== ''));
}

/** Joins sections to a text again. */
export function textOf(sections: readonly Section[]): string {
  return `${sections.flatMap(({ lines }) => lines).join('\n')}\n`;
}

/** The key of a line; undefined for comments, headers and empty lines. */
export function keyOf(line: string): string | undefined {
  return /^\s*([^#;[\s=][^=]*?)\s*=/.exec(line)?.[1];
}

/** The value of the last line with the key. */
export function valueIn(section: Section | undefined, key: string): string | undefined {
  const line = section?.lines.findLast((candidate) => keyOf(candidate) === key);
  return line?.slice(line.indexOf('=') + 1).trim();
}

/** The section with only those lines with a key that are wanted; comments stay. */
export function withKeys(section: Section, wanted: (key: string) => boolean): Section {
  return { ...section, lines: section.lines.filter((line) => wanted(keyOf(line) ?? '') || keyOf(line) === undefined) };
}

/** The section with lines after its last line that has something in it. */
export function withLines(section: Section, lines: readonly string[]): Section {
  const last = section.lines.findLastIndex((line) => line.trim() !== '');
  return { ...section, lines: section.lines.toSpliced(last + 1, 0, ...lines) };
}
