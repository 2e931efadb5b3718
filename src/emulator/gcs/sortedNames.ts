import { compareNames } from './names.js';

/**
 * A set of names that can be walked in order. New names are collected and merged in when somebody asks for the
 * order, removed ones swept out when they are many: writing costs nothing, however many objects there are.
 */
export class SortedNames {
  #sorted: string[] = [];
  readonly #present = new Set<string>();
  readonly #inSorted = new Set<string>();
  /** Present, and not in `#sorted` yet. */
  readonly #added = new Set<string>();

  get size(): number {
    return this.#present.size;
  }

  add(name: string): void {
    this.#present.add(name);
    if (!this.#inSorted.has(name)) this.#added.add(name);
  }

  delete(name: string): void {
    this.#present.delete(name);
    this.#added.delete(name);
  }

  /** Walks the names in order from the first that `isBefore` is false for; `isBefore` must be true, then false. */
  *from(isBefore: (name: string) => boolean): Generator<string> {
    this.#merge();
    for (let at = this.#firstNot(isBefore); at < this.#sorted.length; at += 1) {
      const name = this.#sorted[at] as string;
      if (this.#present.has(name)) yield name;
    }
  }

  /** The first name that `isBefore` is false for; null when there is none. */
  first(isBefore: (name: string) => boolean): string | null {
    for (const name of this.from(isBefore)) return name;
    return null;
  }

  #firstNot(isBefore: (name: string) => boolean): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(this.#sorted[middle] as string)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #merge(): void {
    const gone = this.#sorted.length + this.#added.size - this.#present.size;
    if (this.#added.size === 0 && gone * 2 <= this.#sorted.length) return;
    const added = [...this.#added].sort(compareNames);
    const merged: string[] = [];
    let next = 0;
    for (const name of this.#sorted) {
      if (!this.#present.has(name)) continue;
      for (; next < added.length && compareNames(added[next] as string, name) < 0; next += 1) {
        merged.push(added[next] as string);
      }
      merged.push(name);
    }
    for (; next < added.length; next += 1) merged.push(added[next] as string);
    this.#sorted = merged;
    this.#added.clear();
    this.#inSorted.clear();
    for (const name of merged) this.#inSorted.add(name);
  }
}
