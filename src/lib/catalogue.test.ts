import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogue, languageOf, speaker, unequalPlaces } from './catalogue.ts';

const sentences = catalogue({
  lease: { en: 'lease: {ip}/{mask}', zh: '租约:{ip}/{mask}' },
  clean: { en: 'Everything is taken down', zh: '全部清理完毕' },
});

test('a sentence is said in the language asked for, with its values in their places', () => {
  assert.equal(speaker(sentences, 'en')('lease', { ip: '10.0.0.5', mask: 24 }), 'lease: 10.0.0.5/24');
  assert.equal(speaker(sentences, 'zh')('lease', { ip: '10.0.0.5', mask: 24 }), '租约:10.0.0.5/24');
  assert.equal(speaker(sentences, 'zh')('clean'), '全部清理完毕');
});

test('the compiler knows the places of each sentence', () => {
  const say = speaker(sentences, 'en');
  // @ts-expect-error: mask is missing
  assert.equal(say('lease', { ip: 'x' }), 'lease: x/{mask}');
  // @ts-expect-error: this one takes none
  assert.equal(say('clean', { ip: 'x' }), 'Everything is taken down');
  // @ts-expect-error: there is no such sentence
  assert.throws(() => say('absent'));
});

test('the language: what is asked for, then LC_ALL, LC_MESSAGES, LANG; an empty variable says nothing', () => {
  assert.equal(languageOf('zh', { LANG: 'en_US.UTF-8' }), 'zh');
  assert.equal(languageOf('en', { LANG: 'zh_CN.UTF-8' }), 'en');
  assert.equal(languageOf(undefined, { LC_ALL: '', LC_MESSAGES: 'zh_CN.UTF-8', LANG: 'en_US' }), 'zh');
  assert.equal(languageOf(undefined, { LC_ALL: 'C', LANG: 'zh_CN.UTF-8' }), 'en');
  assert.equal(languageOf(undefined, {}), 'en');
});

test('a catalogue whose languages do not have the same places is found out', () => {
  assert.deepEqual(unequalPlaces(sentences), []);
  assert.deepEqual(unequalPlaces({ bad: { en: '{a}', zh: '{b}' } }), ['bad: ["{a}"] in English, ["{b}"] in Chinese']);
});
