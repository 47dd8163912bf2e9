import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseOslo, problemText } from './oslo.ts';

const read = (content: string) =>
  parseOslo('f', content).entries.map(({ section, name, text }) => [section, name, text]);
const problems = (content: string) => parseOslo('f', content).problems.map(problemText);

test('the notebook: a section, a key, a list', () => {
  assert.deepEqual(read('[DEFAULT]\nservice_plugins = router,segments,port_forwarding\n'), [
    ['DEFAULT', 'service_plugins', 'router,segments,port_forwarding'],
  ]);
});

test('a comment is a whole line; inside a value # and ; are text', () => {
  assert.deepEqual(read('# c\n[a]\n; c\npassword = a;b#c\n'), [['a', 'password', 'a;b#c']]);
});

test('a line that begins with a blank goes on with the value; an empty line ends it', () => {
  assert.deepEqual(read('[a]\nextensions = port_forwarding,\n  qos\n\nb: 1\n'), [
    ['a', 'extensions', 'port_forwarding,\nqos'],
    ['a', 'b', '1'],
  ]);
});

test('a key that stands twice gives two entries, with their lines', () => {
  assert.deepEqual(
    parseOslo('f', '[a]\nx=1\nx=2').entries.map((entry) => [entry.line, entry.text]),
    [
      [2, '1'],
      [3, '2'],
    ],
  );
});

test('the key ends at the first = or :', () => {
  assert.deepEqual(read('[a]\nmap = x:1\nother: y=2\n'), [
    ['a', 'map', 'x:1'],
    ['a', 'other', 'y=2'],
  ]);
});

test('quotes around a whole value are taken off', () => {
  assert.deepEqual(read('[a]\nx = " y "\nz = "a" b\n'), [
    ['a', 'x', ' y '],
    ['a', 'z', '"a" b'],
  ]);
});

test('a section is what stands between the brackets, with nothing after them', () => {
  assert.deepEqual(read('[ a ]\nx=1\n'), [[' a ', 'x', '1']]);
  assert.match(problems('[a] # mine\n').join(), /f:1: expected a section such as \[DEFAULT\]/);
  assert.deepEqual(read('[a]\nx = "\n'), [['a', 'x', '']]);
});

test('what is not of the format is told with file, line, expectation and finding', () => {
  assert.deepEqual(problems('x = 1\n[a\n[]\n[a]\nword\n= 1\n'), [
    'f:1: expected a section such as [DEFAULT] before the first key, found "x = 1".',
    'f:2: expected a section such as [DEFAULT], found "[a".',
    'f:3: expected a section such as [DEFAULT], found "[]".',
    'f:5: expected "key = value", found "word".',
    'f:6: expected "key = value", found "= 1".',
  ]);
  assert.deepEqual(problems('[a]\n  lost\n'), [
    'f:2: expected a key, a section or a comment at the start of the line, found "  lost".',
  ]);
});

const word = fc.stringMatching(/^[a-z][a-z0-9_]{0,12}$/);
const value = fc.array(fc.stringMatching(/^[!-~]([ -~]{0,10}[!-~])?$/), { minLength: 1, maxLength: 3 }).filter(
  // A value in quotes loses them, as in oslo.config.
  (lines) => !/^["']/.test(lines[0] ?? ''),
);
const entry = fc.record({ section: word, name: word, lines: value });

test('printed and read again, entries are what they were', () => {
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      const print = ({ section, name, lines }: (typeof entries)[number]) =>
        `[${section}]\n# a comment\n${name} = ${lines.join('\n    ')}\n`;
      assert.deepEqual(
        read(entries.map(print).join('\n')),
        entries.map(({ section, name, lines }) => [section, name, lines.join('\n')]),
      );
      assert.deepEqual(problems(entries.map(print).join('\n')), []);
    }),
  );
});

test('any text is read without an exception', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (content) => void parseOslo('f', content)));
});
