/** What the commands about MTUs say. */
import { catalogue, type Say } from '../../lib/catalogue.ts';

/** The sentences of `neutrino mtu calc`, `explain` and `audit`. */
export const mtuSentences = catalogue({
  network: { en: 'Network {name}: MTU {mtu}', zh: '网络 {name}:MTU {mtu}' },
  byDefault: { en: 'default', zh: '默认值' },
  notConsidered: { en: '{option}: not considered', zh: '{option}:不计入' },
  allowsMore: { en: '{option} would allow {bytes}; the smallest counts', zh: '{option} 允许 {bytes};取最小值' },
  ipHeader: { en: "the tunnel's IPv{version} header; {option}", zh: '隧道的 IPv{version} 头;{option}' },
  vxlan: { en: 'VXLAN: Ethernet 14, UDP 8, VXLAN 8', zh: 'VXLAN 封装:以太网 14、UDP 8、VXLAN 8' },
  gre: { en: 'GRE: Ethernet 14, GRE with its key 8', zh: 'GRE 封装:以太网 14、带 key 的 GRE 8' },
  geneve: {
    en: 'Geneve: Ethernet 14, UDP 8, Geneve 8 and its options; {option}',
    zh: 'Geneve 封装:以太网 14、UDP 8、Geneve 8 及其选项;{option}',
  },
  largest: { en: 'the largest packet', zh: '最大的数据包' },
  noOpinion: { en: 'sets no limit', zh: '不设上限' },
  smallestSegment: { en: 'The smallest of its segments counts: {mtu}', zh: '取各网段中最小的:{mtu}' },
  stored: { en: 'Stored with the network: {mtu}.', zh: '网络中存储的值:{mtu}。' },
  equal: { en: 'That is what the configuration gives.', zh: '与当前配置给出的值相同。' },
  below: {
    en: 'The configuration would allow {mtu}: the network was created smaller, or before the configuration changed.',
    zh: '当前配置允许 {mtu}:该网络创建时指定了更小的值,或创建于配置变更之前。',
  },
  above: {
    en: 'The configuration gives only {mtu}: packets larger than that are lost between hosts.',
    zh: '当前配置只能给出 {mtu}:更大的数据包会在主机之间丢失。',
  },
  howToSet: { en: 'To change it: {command}', zh: '修改方法:{command}' },
  noRoomFor4: {
    en: 'Too small for IP: IPv4 needs {least} bytes. The underlay has to carry larger packets.',
    zh: '太小,无法承载 IP:IPv4 至少需要 {least} 字节。底层网络必须能承载更大的数据包。',
  },
  noRoomFor6: {
    en: 'Too small for IPv6, which needs {least} bytes: an IPv6 subnet would be refused.',
    zh: '对 IPv6 太小(至少需要 {least} 字节):创建 IPv6 子网会被拒绝。',
  },
  allEqual: {
    en: 'All {count} networks have the MTU that the configuration gives.',
    zh: '全部 {count} 个网络的 MTU 都与当前配置一致。',
  },
  noneAbove: {
    en: 'None of {count} networks has an MTU above what the configuration gives.',
    zh: '{count} 个网络的 MTU 都没有超过当前配置给出的值。',
  },
  auditBelow: { en: '{name}: {stored}, could be {now}', zh: '{name}:{stored},可以是 {now}' },
  auditAbove: {
    en: '{name}: {stored}, must be {now}: larger packets are lost between hosts',
    zh: '{name}:{stored},必须是 {now}:更大的数据包会在主机之间丢失',
  },
  auditEnd: {
    en: '{different} of {count} networks differ from the configuration; {above} of them are too large.',
    zh: '{count} 个网络中有 {different} 个与当前配置不一致,其中 {above} 个过大。',
  },
  howToFix: { en: 'To set them: neutrino mtu audit --fix', zh: '修正方法:neutrino mtu audit --fix' },
  fixed: { en: '{name}: {stored} → {now}', zh: '{name}:{stored} → {now}' },
  notFixed: { en: '{name}: stays at {stored}: {why}', zh: '{name}:仍为 {stored}:{why}' },
  learnLater: {
    en: 'Devices of hosts follow at once. Instances learn it when they renew their DHCP lease, or restart.',
    zh: '主机上的设备立即生效。实例要到续租 DHCP 或重启时才会得知。',
  },
});

/** Says them. */
export type MtuSay = Say<typeof mtuSentences>;
