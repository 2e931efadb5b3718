/** Whole numbers, smallest first: a binary heap. */
export class IndexHeap {
  private readonly heap: number[] = [];

  get size(): number {
    return this.heap.length;
  }

  put(index: number): void {
    const { heap } = this;
    let place = heap.push(index) - 1;
    while (place > 0) {
      const up = (place - 1) >> 1;
      if ((heap[up] as number) <= index) break;
      heap[place] = heap[up] as number;
      place = up;
    }
    heap[place] = index;
  }

  /** The smallest; the heap must not be empty. */
  take(): number {
    const { heap } = this;
    const smallest = heap[0] as number;
    const last = heap.pop() as number;
    const size = heap.length;
    if (size === 0) return smallest;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= size) break;
      if (child + 1 < size && (heap[child + 1] as number) < (heap[child] as number)) child += 1;
      if ((heap[child] as number) >= last) break;
      heap[place] = heap[child] as number;
      place = child;
    }
    heap[place] = last;
    return smallest;
  }
}
