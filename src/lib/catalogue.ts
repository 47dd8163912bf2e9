/**
 * Sentences in the languages that the program speaks. A catalogue is an object of sentences by name, each in every language;
 * `{name}` in a sentence is a place for a value, and whoever says the sentence has to give one for each place.
 *
 *     const say = speaker(catalogue({ lease: { en: 'lease: {ip}', zh: '租约:{ip}' } }), languageOf(asked, process.env));
 *     say('lease', { ip: '10.0.0.5' });
 */

/** The languages. */
export const languages = ['en', 'zh'] as const;
export type Language = (typeof languages)[number];

/** One sentence in every language. */
export type Sentence = Readonly<Record<Language, string>>;

/** Sentences by name. */
export type Catalogue = Readonly<Record<string, Sentence>>;

/** The names of the places in a text: `'{ip}/{mask}'` has ip and mask. */
export type Places<T extends string> = T extends `${string}{${infer Name}}${infer Rest}` ? Name | Places<Rest> : never;

/** The values that a sentence takes. */
export type Values<S extends Sentence> = { readonly [Name in Places<S[Language]>]: string | number };

/** Says a sentence; its values are asked for where it has places for any. */
export type Say<C extends Catalogue> = <N extends keyof C & string>(
  name: N,
  ...values: Places<C[N][Language]> extends never ? [] : [values: Values<C[N]>]
) => string;

/** Declares a catalogue, so that the places of its sentences are known to the compiler. */
export function catalogue<const C extends Catalogue>(sentences: C): C {
  return sentences;
}

/** What says the sentences of a catalogue in `language`. */
export function speaker<C extends Catalogue>(sentences: C, language: Language): Say<C> {
  return (name, ...[values]) =>
    (sentences[name] as Sentence)[language].replace(/\{(\w+)\}/g, (place, key: string) => {
      const value = (values as Readonly<Record<string, string | number>> | undefined)?.[key];
      return value === undefined ? place : String(value);
    });
}

/** The language that is asked for, or else that of a person's environment (`LC_ALL`, `LC_MESSAGES`, `LANG`). */
export function languageOf(asked: string | undefined, env: Readonly<Record<string, string | undefined>>): Language {
  const text = asked ?? (env.LC_ALL || env.LC_MESSAGES || env.LANG || '');
  return text.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

/** The places of each sentence that are not the same in every language: a mistake of the catalogue, for its test. */
export function unequalPlaces(sentences: Catalogue): string[] {
  const places = (text: string) => JSON.stringify([...new Set(text.match(/\{\w+\}/g))].sort());
  return Object.entries(sentences).flatMap(([name, { en, zh }]) =>
    places(en) === places(zh) ? [] : [`${name}: ${places(en)} in English, ${places(zh)} in Chinese`],
  );
}
