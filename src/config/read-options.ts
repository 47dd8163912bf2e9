/** From the entries of files to the values of options: which entry counts, what it holds, what is wrong with it. */
import { InterpolationError, interpolate } from './interpolate.ts';
import { nearest } from './nearest.ts';
import { type OptionDefinition, roleOf } from './option.ts';
import { type Entry, type Problem, quote } from './oslo.ts';
import { unusedReason } from './unused.ts';

/** Gives options their values; what is wrong on the way is collected in `problems`. */
export interface OptionReader {
  /** The value of the last entry, or the default. */
  value<T>(option: OptionDefinition<T>): T;
  /** The value of the last entry, or undefined where no file names the option. */
  given<T>(option: OptionDefinition<T>): T | undefined;
  /** The values of all entries of an option that may stand several times, those of later files last. */
  all<T>(option: OptionDefinition<T>): T[];
  /** The last entry of the option. */
  entry(option: OptionDefinition<unknown>): Entry | undefined;
  /** Notes that a value is not what is expected, although its form is right. */
  refuse(option: OptionDefinition<unknown>, expected: string): void;
  readonly problems: readonly Problem[];
}

/** Sections are the same in any case, except DEFAULT (oslo_config/cfg.py, `_normalize_group_name`). */
const sectionKey = (section: string): string => (section === 'DEFAULT' ? section : section.toLowerCase());

const keyOf = (section: string, name: string): string => `${sectionKey(section)}.${name.replaceAll('-', '_')}`;

/** Every place where an option may stand, its own first. */
function placesOf(option: OptionDefinition<unknown>): string[] {
  const older = option.deprecated.map((name) => (name.includes('.') ? name : keyOf(option.section, name)));
  return [keyOf(option.section, option.name), ...older];
}

const isFor = (option: OptionDefinition<unknown>, entry: Entry): boolean =>
  option.role === undefined || [option.role, 'any'].includes(roleOf(entry.file));

/** The entries by where they stand, and how late each file is. */
interface Index {
  readonly byKey: ReadonlyMap<string, readonly Entry[]>;
  readonly rank: ReadonlyMap<string, number>;
}

/**
 * The entries of an option, in the order in which they count: those of later files after those of earlier ones, whatever name
 * they have; within one file older names before the present one (oslo_config/cfg.py, `_get_file_value`).
 */
function entriesOf(option: OptionDefinition<unknown>, { byKey, rank }: Index): Entry[] {
  const found = placesOf(option)
    .reverse()
    .flatMap((place) => byKey.get(place) ?? [])
    .filter((entry) => isFor(option, entry));
  return found.sort((a, b) => (rank.get(a.file) ?? 0) - (rank.get(b.file) ?? 0));
}

/** Reads options out of entries; `known` are all options, for references from one to another. */
export function readOptions(entries: readonly Entry[], known: readonly OptionDefinition<unknown>[]): OptionReader {
  const byKey = Map.groupBy(entries, (entry) => keyOf(entry.section, entry.name));
  const index: Index = { byKey, rank: new Map(entries.map((entry, at) => [entry.file, at])) };
  const lastOf = (option: OptionDefinition<unknown>) => entriesOf(option, index).at(-1);
  const defaults = new Map(known.map((option) => [keyOf(option.section, option.name), option]));
  const problems: Problem[] = [];
  const lookUp = (section: string, name: string): string | undefined => {
    const option = defaults.get(keyOf(section, name));
    const entry = option ? lastOf(option) : byKey.get(keyOf(section, name))?.at(-1);
    return entry?.text ?? option?.kind.print(option.default);
  };
  const refuseEntry = (_option: OptionDefinition<unknown>, entry: Entry, expected: string, found: string): void => {
    const name = `[${entry.section}] ${entry.name}`;
    problems.push({ file: entry.file, line: entry.line, option: name, expected, found });
  };
  const foundIn = (option: OptionDefinition<unknown>, entry: Entry) => (option.secret ? 'another' : quote(entry.text));

  function readEntry<T>(option: OptionDefinition<T>, entry: Entry): T | undefined {
    try {
      const value = option.kind.parse(interpolate(entry.text, entry.section, lookUp).trim());
      if (value === undefined) refuseEntry(option, entry, option.kind.expected, foundIn(option, entry));
      return value;
    } catch (error) {
      if (!(error instanceof InterpolationError)) throw error;
      refuseEntry(
        option,
        entry,
        option.kind.expected,
        option.secret ? 'a "$" that names no option (write "$$")' : error.found,
      );
      return undefined;
    }
  }
  function given<T>(option: OptionDefinition<T>): T | undefined {
    const entry = lastOf(option);
    return entry && readEntry(option, entry);
  }
  return {
    given,
    all: (option) =>
      entriesOf(option, index).flatMap((entry) => {
        const value = readEntry(option, entry);
        return value === undefined ? [] : [value];
      }),
    value: (option) => given(option) ?? option.default,
    entry: (option) => lastOf(option),
    refuse(option, expected) {
      const entry = lastOf(option);
      if (entry) refuseEntry(option, entry, expected, foundIn(option, entry));
    },
    problems,
  };
}

/** A sentence for each entry that has no effect: an option that is unknown, or known and not used here. */
export function ineffective(entries: readonly Entry[], known: readonly OptionDefinition<unknown>[]): string[] {
  const places = new Map<string, OptionDefinition<unknown>[]>();
  for (const option of known)
    for (const place of placesOf(option)) places.set(place, [...(places.get(place) ?? []), option]);
  const sections = new Set([...places.keys()].map((place) => place.slice(0, place.indexOf('.'))));
  const warnings: string[] = [];
  const sectionsTold = new Set<string>();
  for (const entry of entries) {
    const candidates = places.get(keyOf(entry.section, entry.name));
    if (candidates?.some((option) => isFor(option, entry))) continue;
    const where = `${entry.file}:${entry.line}: [${entry.section}] ${entry.name}`;
    const reason = unusedReason(entry.section, entry.name);
    if (!sections.has(sectionKey(entry.section))) {
      // One sentence for a section that is not ours, however long it is.
      const section = `${entry.file} ${entry.section}`;
      if (!sectionsTold.has(section)) warnings.push(sectionWarning(entry, reason, sections));
      sectionsTold.add(section);
    } else if (reason !== undefined || candidates) {
      warnings.push(`${where} has no effect: ${reason ?? 'it is an option of another file'}.`);
    } else {
      const near = nearest(entry.name, namesIn(sectionKey(entry.section), places));
      warnings.push(`${where} is not known and has no effect${near === undefined ? '.' : `; did you mean ${near}?`}`);
    }
  }
  return warnings;
}

function namesIn(section: string, places: ReadonlyMap<string, unknown>): string[] {
  return [...places.keys()].filter((key) => key.startsWith(`${section}.`)).map((key) => key.slice(section.length + 1));
}

function sectionWarning(entry: Entry, reason: string | undefined, sections: Iterable<string>): string {
  const where = `${entry.file}:${entry.line}: the section [${entry.section}]`;
  if (reason !== undefined) return `${where} has no effect: ${reason}.`;
  const same = [...sections].find((section) => section.toLowerCase() === entry.section.trim().toLowerCase());
  const near = same ?? nearest(entry.section, sections);
  return `${where} is not known and has no effect${near === undefined ? '.' : `; did you mean [${near}]?`}`;
}
