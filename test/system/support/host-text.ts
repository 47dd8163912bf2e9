/** Everything of an emulated host that Neutrino could leave behind, as text that can be compared. */
import type { LabHost } from '../../../src/lab/host.ts';

// Counters, handles, ages and index numbers change by themselves, and link-local addresses come by themselves a moment later.
function stable(text: string): string {
  return text
    .replace(/^.* fe80::\S* .* table local .*$\n/gm, '')
    .replace(/ fe80::\S+/g, '')
    .replace(/\[\d+:\d+\]/g, '[]')
    .replace(/^#.*$/gm, '')
    .replace(/if\d+/g, 'ifN')
    .trim();
}

/** Namespaces, devices, addresses, routes, rules, sets, processes, and the files below `folder`. */
export async function hostText(host: LabHost, folder: string): Promise<string> {
  const script = `
echo == netns; ls /run/netns
echo == links; ip -br link | awk '{print $1, $4}' | sort; ip -br address | sort
echo == routes; ip route show table all; ip rule
echo == iptables; for t in filter nat mangle raw; do iptables-save -t $t; ip6tables-save -t $t; done
echo == ipset; ipset list -n
echo == nft; nft list tables bridge
echo == processes; ps -eo args= | grep -E 'dnsmasq|keepalived|haproxy|radvd' | grep -v grep
echo == files; cd ${folder} 2>/dev/null && find . -path ./agent -prune -o -type f -print | sort
`;
  return stable((await host.run(['sh', '-c', script])).stdout);
}
