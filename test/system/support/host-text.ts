/** Everything of an emulated host that Neutrino could leave behind, as text that can be compared. */
import type { LabHost } from '../../../src/lab/host.ts';

// Counters, handles, ages and index numbers change by themselves, and link-local addresses come by themselves a moment later.
function stable(text: string): string {
  return text
    .replace(/^.* fe80::\S* .* table local .*$\n/gm, '')
    .replace(/^.*(?:fe80::|ff00::)\/\S+ dev .*$\n/gm, '')
    .replace(/ fe80::\S+/g, '')
    .replace(/\[\d+:\d+\]/g, '[]')
    .replace(/^#.*$/gm, '')
    .replace(/if\d+/g, 'ifN')
    .replace(/ packets \d+ bytes \d+/g, '')
    .trim();
}

// What switches learn by themselves ages by itself (fdb entries without `dst`, flows with a timeout).
// $1: the folder of the agent. What belongs to Neutrino's own records (./agent) is not part of the host.
const script = `
look() {
  echo "== links"; $1 ip -br link | awk '{print $1, $4}' | sort; $1 ip -br address | sort
  echo "== routes"; $1 ip route show table all; $1 ip rule; $1 ip -6 route show table all | sort; $1 ip -6 rule
  echo "== neighbours"; $1 ip neigh show nud permanent; $1 bridge fdb show | grep -w dst
  echo "== queues"; $1 tc qdisc show | grep -v noqueue
  echo "== iptables"; for t in filter nat mangle raw; do $1 iptables-save -t $t; $1 ip6tables-save -t $t; done
  echo "== ipset"; $1 ipset save | sort
  echo "== nft"; $1 nft -s list tables | grep -vE 'table ip6? (filter|nat|mangle|raw)$' | while read -r _ table; do $1 nft -s list table $table; done
}
echo "== namespaces"; ls /run/netns
look ""
for name in $(ls /run/netns); do echo "==== in $name"; look "nsenter --net=/run/netns/$name"; done
if command -v ovs-vsctl >/dev/null && ovs-vsctl --timeout=5 show >/dev/null 2>&1; then
  echo "== switches"; ovs-vsctl --timeout=5 --format=csv --columns=name,external_ids,fail_mode list Bridge | sort
  ovs-vsctl --timeout=5 --format=csv --columns=name,external_ids,type,options list Interface | sort
  for bridge in $(ovs-vsctl list-br); do echo "== flows of $bridge"; ovs-ofctl -OOpenFlow13 --no-stats --names dump-flows $bridge | grep -v hard_timeout | sort; done
fi
echo "== processes"; ps -eo args= | grep -E 'dnsmasq|keepalived|haproxy|radvd' | grep -v grep | sort
echo "== files"; cd "$1" 2>/dev/null && find . -path ./agent -prune -o -type f ! -name '*.synced' -print | sort
`;

/** Namespaces, devices, addresses, routes, rules, sets, queues, flows, processes, and the files below `folder`. */
export async function hostText(host: LabHost, folder: string): Promise<string> {
  return stable((await host.run(['bash', '-c', script, 'bash', folder], { timeoutMs: 30_000 })).stdout);
}

/** The lines that are in one text only: what a difference is told by. */
export function textDifference(before: string, after: string): string {
  const [was, is] = [before.split('\n'), after.split('\n')];
  const come = is.filter((line) => !was.includes(line)).map((line) => `+ ${line}`);
  const gone = was.filter((line) => !is.includes(line)).map((line) => `- ${line}`);
  if (gone.length + come.length > 0) return [...gone, ...come].join('\n');
  const first = was.findIndex((line, at) => line !== is[at]);
  return `in another order or number: ${was[first]} was where ${is[first]} is`;
}
