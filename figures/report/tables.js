/**
 * Sorts tables by the column whose header is pressed. Headers with data-sort hold a button; a cell sorts by its
 * data-value, or by its text. Cells without a value stay last in both directions.
 */
function sortable(table) {
  for (const header of table.querySelectorAll("thead th[data-sort]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => sort(table, header));
  }
}

function sort(table, header) {
  const ascending = header.getAttribute("aria-sort") !== "ascending";
  for (const other of header.parentElement.children) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => [cellValue(row.cells[header.cellIndex]), row]);
  rows.sort(([left], [right]) => {
    if (left === "" || right === "") return (left === "") - (right === "");
    const order = header.dataset.sort === "number" ? Number(left) - Number(right) : left.localeCompare(right);
    return ascending ? order : -order;
  });
  body.append(...rows.map(([, row]) => row));
}

function cellValue(cell) {
  return cell.dataset.value ?? cell.textContent.trim();
}

for (const table of document.querySelectorAll("table.sortable")) sortable(table);
