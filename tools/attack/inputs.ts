import { Random } from '../chaos/random.ts';

const letters = 'abcdefghijklmnopqrstuvwxyz';

/** What attackers make up, another one in each run. */
export class Inputs extends Random {
  /** Of one attack: the same whichever others are tried beside it. */
  static of(seed: number, attack: string): Inputs {
    return new Inputs(Buffer.from(attack).reduce((sum, byte) => Math.imul(sum, 31) + byte, seed));
  }

  /** A word that is nowhere else: by it something is found again wherever it has gone. */
  word(length = 12): string {
    return Array.from({ length }, () => letters.charAt(this.int(0, letters.length - 1))).join('');
  }

  /** A text of any characters: controls, half surrogates and unassigned ones among them. */
  noise(length: number): string {
    return Array.from({ length }, () => String.fromCharCode(this.int(0, 0xffff))).join('');
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.int(0, 255)));
  }

  /** An address of the internet. */
  ipv4(): string {
    return [this.int(11, 99), this.int(0, 255), this.int(0, 255), this.int(1, 254)].join('.');
  }

  /** The first half of an IPv6 address: what one customer of a provider has. */
  ipv6Network(): string {
    return ['2001', ...Array.from({ length: 3 }, () => this.#group())].join(':');
  }

  /** An address within such a network. */
  ipv6(network: string): string {
    return [network, ...Array.from({ length: 4 }, () => this.#group())].join(':');
  }

  #group(): string {
    return this.int(0x1000, 0xffff).toString(16);
  }
}
