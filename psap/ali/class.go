package ali

// Class is a class of service, in the four letters that screens show (NENA 02-010): what kind of line the call comes
// from, and with that how far its address is to be trusted.
type Class string

// The classes that callbox gives by itself.
const (
	ClassVoIP       Class = "VOIP" // a phone at its registered address
	ClassEnterprise Class = "VENT" // a line of a company's telephone system
	ClassNomadic    Class = "VNOM" // a phone that moves: the address came with the call
	ClassMobile     Class = "VMBL" // a phone that moves: the coordinates came with the call
)
