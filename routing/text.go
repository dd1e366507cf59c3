package routing

// text names a sentence of the trace. A failing rule's sentence is also the refusal's Reason, so it says what is wrong
// and, where there is one, the mend.
type text uint8

const (
	textNotReached text = iota
	textDomain
	textTrunk
	textUnknownHost
	textSource
	textProof
	textSourceAndProof
	textWrongSource
	textNoMapping
	textPlainTransport
	textNoProof
	textStaleProof
	textWrongProof
	textEmergencyNumber
	textTestNumber
	textServiceURN
	textTestURN
	textNotEmergency
	textUnknownURN
	textEnabled
	textTrunkEnabled
	textDisabled
	textCaller
	textCallerAlways
	textCallerInstead
	textCallerIDLapsed
	textCallerTaken
	textCallerBy
	textUnregisteredBy
	textUnregisteredTaken
	textNoneOther
	textOtherWrite
	textOtherWouldBe
	textNoIdentity
	textFromNotSIP
	textFromTel
	textFromWithheld
	textFromNotE164
	textFromWrite
	textFromWouldBe
	textFromSeveral
	textFromUnknown
	textFromElsewhere
	textFromUnregistered
	textHasAddress
	textFee
	textUnregisteredTest
	textOnlyUSAndCA
	textNotACaller
	textOfCountry
	textURNOfCountry
	textNotOfCountry
	textNoTestOfCountry
	textNotATest
	textTestService
	textTestServiceNoAddress
	textUnregisteredService
	textE911
	textBasic911
	textNoService
	textServiceCentre
	textServiceCentreESN
	textOverflow
	textAllOut
	textNobodyServes
	textNoCentreNeeded
	textNoECC
	textNoECCBehind
	textAllOutNoECC
	textCount
)

var texts = [textCount]string{
	textNotReached: "not reached",

	textDomain:      "$1 is the domain $2",
	textTrunk:       "$1 is the trunk $2",
	textUnknownHost: "$1 is no domain or trunk of this edge",

	textSource:         "source $s is in ACL $2",
	textProof:          "user $1 of credential list $2 knows the password",
	textSourceAndProof: "source $s is in ACL $3, and user $1 of credential list $2 knows the password",
	textWrongSource:    "source $s is in no ACL of $2",
	textNoMapping:      "$1 has neither ACL nor credential list mapped, so it receives no traffic",
	textPlainTransport: "$2 is secure and takes SIP over TLS only, this came over $1",
	textNoProof:        "$1 needs digest credentials and none were sent",
	textStaleProof:     "the credentials of user $1 answer an old challenge",
	textWrongProof:     "wrong user name or password for user $1",

	textEmergencyNumber: "$1 is an emergency number",
	textTestNumber:      "$1 is a test number",
	textServiceURN:      "urn:$1 asks for $2",
	textTestURN:         "urn:$1 asks for a test call",
	textNotEmergency:    "$1 is no emergency or test number in any country; this edge forwards nothing else",
	textUnknownURN:      "$1:$2 is no emergency service; this edge forwards nothing else",

	textEnabled:      "emergency calling is enabled on $1",
	textTrunkEnabled: "trunks need no setting for emergency calls",
	textDisabled:     "emergency calling is not enabled on $1",

	textCaller:            "$1 is on the account, tied to $2 and has a registered address",
	textCallerAlways:      "Emergency Caller ID $3 takes the place of From on every call of $2",
	textCallerInstead:     "Emergency Caller ID $3 takes the place of From: ",
	textCallerIDLapsed:    "; Emergency Caller ID $3 has no registered address now, so From alone counts",
	textCallerTaken:       "$h $1 is taken as $n, which is on the account, tied to $2 and has a registered address",
	textCallerBy:          "$i $n is on the account and has a registered address, so it counts",
	textUnregisteredBy:    "$i $n is on the account, so it counts, but has no registered emergency address",
	textUnregisteredTaken: "$h $1 is taken as $n, which has no registered emergency address (status $2)",
	textNoneOther:         "; no number of the account in $l either",
	textOtherWrite:        "; $i $3 is not E.164; write $n",
	textOtherWouldBe:      "; $i $3 is not E.164; it would be $n, which is not a number of this account",
	textNoIdentity:        "none of the header fields that may hold the number of a caller of $2 was sent",
	textFromNotSIP:        "$h must be a SIP URI with an E.164 number, not $1:$2",
	textFromTel:           "$h must be a SIP URI, not tel:$1; write sip:$n@$2",
	textFromWithheld:      "$h is withheld; an emergency call needs an E.164 number of the account in From",
	textFromNotE164:       "$h $1 is not E.164: write + and 8 to 15 digits",
	textFromWrite:         "$h $1 is not E.164; write $n",
	textFromWouldBe:       "$h $1 is not E.164; it would be $n, which is not a number of this account tied to $2",
	textFromSeveral:       "$h $1 is not E.164 and could be several numbers of the account; write + and 8 to 15 digits",
	textFromUnknown:       "$h $1 is not a number of this account",
	textFromElsewhere:     "$h $1 is not tied to $2",
	textFromUnregistered:  "$h $1 has no registered emergency address (status $2)",

	textHasAddress:       "the caller has a registered address",
	textFee:              "$1 has no registered address: national ECC, fee of 75.00 USD, warning 22221",
	textUnregisteredTest: "$1 has no registered address; a test call costs no fee",
	textOnlyUSAndCA:      "$1 has no registered emergency address (status $2), and only US and CA numbers may call without one",
	textNotACaller:       "only a US or CA number on the account and tied to this host may call without a registered address",

	textOfCountry:       "$1 is a number of $2, the country of $3",
	textURNOfCountry:    "$1 is $2 in $3, the country of the caller",
	textNotOfCountry:    "$1 is not an emergency number of $2, the country of $3",
	textNoTestOfCountry: "$1 has no test number, the country of $2",

	textNotATest:             "not a test number",
	textTestService:          "$1: the test service reads number and address back, no fee",
	textTestServiceNoAddress: "$1: the test service says that no address is registered, no fee",

	textUnregisteredService: "no service is in force without a registered address: national ECC",
	textE911:                "e911: number and address are delivered",
	textBasic911:            "basic911: the same PSAP, nothing is delivered",
	textNoService:           "neither e911 nor basic911: national ECC, no fee as an address is registered",

	textServiceCentre:    "$1 serves $a (by $3) and is in service",
	textServiceCentreESN: "$1 serves $a (by ESN $2) and is in service",
	textOverflow:         "$1 serves $a but is out of service: first in service is $3",
	textAllOut:           "$1 serves $a but is out of service with all its overflow: $3",
	textNobodyServes:     "no PSAP serves $a: $2",
	textNoCentreNeeded:   "national ECC $2",
	textNoECC:            "there is no ECC for $1",
	textNoECCBehind:      "; there is no ECC behind it",
	textAllOutNoECC:      "$1 serves $a and is rung though it seems out of service, as does all its overflow",
}
