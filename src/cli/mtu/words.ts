/** A sum of an MTU as a person reads it, line by line. */
import { type MtuLine, type MtuOption, type MtuSum, minimumMtu, type NetworkMtu } from '../../rules/mtu.ts';
import type { OptionPlace } from '../../rules/settings.ts';
import type { MtuSay } from './sentences.ts';

function placeWords(place: OptionPlace | undefined, say: MtuSay): string {
  if (!place) return say('byDefault');
  return 'flag' in place ? place.flag : `${place.file}:${place.line}`;
}

function optionWords({ section, name, network, place }: MtuOption, say: MtuSay): string {
  return `[${section}] ${name}${network === undefined ? '' : ` ${network}`} (${placeWords(place, say)})`;
}

const withBytes = (bytes: number, words: string) => `  ${String(bytes).padStart(6)}  ${words}`;
const beside = (words: string) => `          ${words}`;

function otherWords(other: MtuOption, say: MtuSay): string {
  const option = optionWords(other, say);
  return other.value === 0 ? say('notConsidered', { option }) : say('allowsMore', { option, bytes: other.value });
}

function lineWords(line: MtuLine, say: MtuSay): string[] {
  const { bytes } = line;
  switch (line.part) {
    case 'base':
      return [
        withBytes(bytes, optionWords(line.option, say)),
        ...line.others.map((other) => beside(otherWords(other, say))),
      ];
    case 'ip-header': {
      const option = optionWords(line.option, say);
      return [withBytes(bytes, say('ipHeader', { version: line.option.value, option }))];
    }
    case 'encapsulation': {
      const option = line.option ? optionWords(line.option, say) : '';
      return [withBytes(bytes, line.type === 'geneve' ? say('geneve', { option }) : say(line.type))];
    }
  }
}

function segmentWords(sum: MtuSum, say: MtuSay): string[] {
  const name = sum.physicalNetwork === null ? sum.type : `${sum.type} ${sum.physicalNetwork}`;
  if (sum.mtu === null) return [`${name}: ${say('noOpinion')}`];
  const lines = sum.lines.flatMap((line) => lineWords(line, say));
  return [name, ...lines, withBytes(sum.mtu, say('largest')).replace(/^ {2}/, '= ')];
}

/** What the MTU is too small for. */
function noteWords(mtu: number, say: MtuSay): string[] {
  if (mtu < minimumMtu[4]) return [say('noRoomFor4', { least: minimumMtu[4] })];
  return mtu < minimumMtu[6] ? [say('noRoomFor6', { least: minimumMtu[6] })] : [];
}

/** The sums of the segments, and what follows from them. */
export function sumWords({ mtu, segments, fallback }: NetworkMtu, say: MtuSay): string[] {
  return [
    ...segments.flatMap((sum) => segmentWords(sum, say)),
    ...(fallback ? lineWords(fallback, say) : []),
    ...(segments.length > 1 ? [say('smallestSegment', { mtu })] : []),
    ...noteWords(mtu, say),
  ];
}
