import { limits } from '../../domain/limits.ts';

/** The last keys that were seen, the oldest forgotten: what comes twice is recognised by them. Plain JSON inside. */
export class RecentKeys {
  constructor(
    readonly keys: string[] = [],
    private readonly most: number = limits.rememberedIds,
  ) {}

  has(key: string): boolean {
    return this.keys.includes(key);
  }

  /** Remember a key; false if it was there already. */
  add(key: string): boolean {
    if (this.has(key)) return false;
    this.keys.push(key);
    if (this.keys.length > this.most) this.keys.splice(0, this.keys.length - this.most);
    return true;
  }
}
