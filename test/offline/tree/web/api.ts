export interface Parcel {
	id: string;
	carrier: string;
	weight: number;
	state: "new" | "transit" | "delivered" | "lost";
}

export class ApiError extends Error {
	constructor(readonly status: number) {
		super(`the server answered ${status}`);
	}
}

export async function fetchParcels(): Promise<Parcel[]> {
	const response = await fetch("/api/parcels");
	if (!response.ok) {
		throw new ApiError(response.status);
	}
	return response.json();
}
