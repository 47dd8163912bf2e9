/** What the running kernel has of what tests may need. */
import { run } from '../../src/host/run.ts';

/** Each is tried by making a device in a namespace of its own, which goes with it. */
const trials: Readonly<Record<string, string>> = {
  '802.1q devices': 'ip link add name under type bridge && ip link add link under name under.5 type vlan id 5',
};

/** What this kernel lacks. Needs root. */
export async function lacking(): Promise<ReadonlySet<string>> {
  const missing = new Set<string>();
  for (const [what, trial] of Object.entries(trials)) {
    const { code } = await run(['unshare', '--net', 'sh', '-c', trial], { codes: [0, 1, 2] });
    if (code !== 0) missing.add(what);
  }
  return missing;
}
