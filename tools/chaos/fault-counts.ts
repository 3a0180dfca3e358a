/** How often each fault came true, by its name; 0 for one that was planned and has not yet. */
export class FaultCounts {
  readonly byName = new Map<string, number>();

  planned(name: string): void {
    this.add(name, 0);
  }

  add(name: string, times: number): void {
    this.byName.set(name, this.of(name) + times);
  }

  of(name: string): number {
    return this.byName.get(name) ?? 0;
  }

  /** Names of the faults that were planned and have not come true. */
  get missing(): string[] {
    return [...this.byName].flatMap(([name, count]) => (count === 0 ? [name] : []));
  }
}
