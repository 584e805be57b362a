/** The page's shape while the first figures are on their way; appears only when that takes a moment. */
export function Skeleton() {
  return (
    <div class="skeleton" role="status" aria-label="Loading the figures">
      <div class="bone filter-bone" />
      <div class="tiles">
        {[0, 1, 2, 3, 4].map((tile) => (
          <div class="bone tile-bone" key={tile} />
        ))}
      </div>
      <div class="charts">
        <div class="bone chart-bone" />
        <div class="bone chart-bone" />
      </div>
      <div class="bone table-bone" />
    </div>
  );
}
