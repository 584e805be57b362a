import type { Dataset } from "../dataset";
import { TOP_CHOICES, date, page, top } from "../view";

export function Filters({ data }: { data: Dataset }) {
  const dates = data.byDate.map((entry) => entry.date);
  const missing = date.value !== "" && !dates.includes(date.value);
  return (
    <div class="filters">
      <label>
        <span>Date</span>
        <select
          value={date.value}
          onChange={(event) => {
            date.value = event.currentTarget.value;
            page.value = 0;
          }}
        >
          <option value="">All dates</option>
          {missing && <option value={date.value}>{date.value}</option>}
          {dates.map((day) => (
            <option key={day} value={day}>
              {day}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>Charts show</span>
        <select
          value={String(top.value)}
          onChange={(event) => {
            top.value = Number(event.currentTarget.value);
          }}
        >
          {TOP_CHOICES.map((choice) => (
            <option key={choice} value={String(choice)}>
              {`${choice} promotions`}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
