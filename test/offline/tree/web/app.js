import { fetchParcels } from "./api.js";
import { formatWeight } from "./format.js";

const REFRESH_SECONDS = 30;

function renderRow(parcel) {
	const row = document.createElement("tr");
	row.className = parcel.state;
	for (const text of [parcel.id, parcel.carrier, formatWeight(parcel.weight)]) {
		const cell = document.createElement("td");
		cell.textContent = text;
		row.append(cell);
	}
	return row;
}

async function refresh() {
	const table = document.getElementById("parcels");
	const parcels = await fetchParcels();
	// TODO: keep the scroll position
	table.replaceChildren(...parcels.map(renderRow));
}

setInterval(refresh, REFRESH_SECONDS * 1000);
refresh();
